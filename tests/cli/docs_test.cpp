// The documentation against the program: every option is described, every C++ snippet is one that is
// compiled.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "program.h"
#include "shared_files.h"

namespace modernbert::testing {
namespace {

// Lines without indentation; empty ones left out.
std::vector<std::string> trimmed_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const size_t begin = line.find_first_not_of(' ');
    if (begin != std::string::npos) lines.push_back(line.substr(begin));
  }
  return lines;
}

std::vector<std::string> cpp_blocks(const std::string& markdown) {
  std::vector<std::string> blocks;
  const std::string open = "```cpp\n", close = "```";
  for (size_t begin = markdown.find(open); begin != std::string::npos; begin = markdown.find(open, begin)) {
    begin += open.size();
    const size_t end = markdown.find(close, begin);
    blocks.push_back(markdown.substr(begin, end - begin));
    begin = end + close.size();
  }
  return blocks;
}

TEST(Docs, ApiSnippetsAreThoseThatAreCompiled) {
  const auto compiled = trimmed_lines(read_bytes(source_dir() / "examples" / "api_snippets.cpp"));
  const auto blocks = cpp_blocks(read_bytes(source_dir() / "docs" / "api.md"));
  ASSERT_GE(blocks.size(), 10u);
  for (const std::string& block : blocks) {
    const auto lines = trimmed_lines(block);
    EXPECT_NE(std::search(compiled.begin(), compiled.end(), lines.begin(), lines.end()), compiled.end())
        << block;
  }
}

TEST(Docs, CliDescribesEveryVerbAndOption) {
  const std::string markdown = read_bytes(source_dir() / "docs" / "cli.md");
  const std::regex option("--[a-z][a-z0-9-]*");
  for (const char* verb :
       {"info", "tokenize", "fill-mask", "embed", "classify", "ner", "answer", "choose", "rerank", "verify",
        "train-tokenizer", "tokenize-corpus", "evaluate", "pretrain", "average", "experiment", "design"}) {
    std::string heading = "\n## ";
    heading.append(verb).append("\n");
    EXPECT_NE(markdown.find(heading), std::string::npos) << verb;
    const std::string help = run_program({verb, "--help"}).out;
    for (std::sregex_iterator match(help.begin(), help.end(), option), end; match != end; ++match) {
      EXPECT_NE(markdown.find(match->str()), std::string::npos) << verb << " " << match->str();
    }
  }
}

}  // namespace
}  // namespace modernbert::testing
