// Help, exit codes and suggestions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kVerbs = {"info", "tokenize", "fill-mask", "embed",  "classify",
                                         "ner",  "answer",   "choose",    "rerank", "verify"};

TEST(CommandLine, HelpGoesToStandardOutput) {
  const Result overview = run_program({"--help"});
  EXPECT_EQ(overview.exit_code, 0);
  EXPECT_EQ(overview.err, "");
  for (const std::string& verb : kVerbs) {
    EXPECT_THAT(overview.out, HasSubstr("  " + verb + " "));
    const Result result = run_program({verb, "--help"});
    EXPECT_EQ(result.exit_code, 0) << verb;
    EXPECT_EQ(result.err, "") << verb;
    EXPECT_THAT(result.out, HasSubstr("Usage: modernbert " + verb + " [OPTIONS]"));
    EXPECT_THAT(result.out, HasSubstr("--json"));
  }
}

TEST(CommandLine, PrintsItsVersion) {
  const Result result = run_program({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, ::testing::MatchesRegex("modernbert [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(CommandLine, WithoutVerbIsAUsageError) {
  expect_usage_error(run_program({}), "no verb");
}

TEST(CommandLine, UnknownVerbsAndOptionsGetASuggestion) {
  expect_usage_error(run_program({"fil-mask", "x"}), "did you mean fill-mask?");
  expect_usage_error(run_program({"fill-mask", "--treads", "2", "x"}), "did you mean --threads?");
  expect_usage_error(run_program({"embed", "--truncate-dims=3", "x"}), "did you mean --truncate-dim?");
  expect_usage_error(run_program({"--colour"}), "unknown option");
  const Result nothing_near = run_program({"transmogrify"});
  expect_usage_error(nothing_near, "transmogrify");
  EXPECT_THAT(nothing_near.err, ::testing::Not(HasSubstr("did you mean")));
}

TEST(CommandLine, BadValuesNameTheOption) {
  const std::string model = nano();
  expect_usage_error(run_program({"fill-mask", "-m", model, "--dtype", "fp8", "x"}), "--dtype");
  expect_usage_error(run_program({"fill-mask", "-m", model, "--threads", "-1", "x"}), "--threads");
  expect_usage_error(run_program({"fill-mask", "-m", model, "--top-k", "0", "x"}), "--top-k");
  expect_usage_error(run_program({"fill-mask", "-m", model, "--long", "cut", "x"}), "--long");
  expect_usage_error(run_program({"fill-mask", "-m", model, "--top-k"}), "--top-k");
  expect_usage_error(run_program({"tokenize", "-m", model, "--truncation", "first", "x"}), "--truncation");
  expect_usage_error(run_program({"ner", "-m", model, "--aggregation", "median", "x"}), "--aggregation");
  expect_usage_error(run_program({"embed", "-m", model, "--precision", "int4", "x"}), "--precision");
  expect_usage_error(run_program({"embed", "-m", model, "--output", "vectors.csv", "x"}), ".npy");
  expect_usage_error(run_program({"embed", "-m", model, "--late-chunking", "x"}), "--long chunk");
  expect_usage_error(run_program({"rerank", "-m", model, "x"}), "--query");
  expect_usage_error(run_program({"answer", "-m", model, "x"}), "--question");
  expect_usage_error(run_program({"verify"}), "no folder");
}

TEST(CommandLine, AModelIsNeeded) {
  for (const char* verb : {"info", "tokenize", "fill-mask"}) {
    expect_usage_error(run_program({verb}), "--model");
  }
}

TEST(CommandLine, TheEnvironmentNamesTheDefaultModel) {
  ::setenv("MODERNBERT_MODEL", nano().c_str(), 1);
  const Result result = run_program({"tokenize", "--json", "a"});
  ::unsetenv("MODERNBERT_MODEL");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json_lines().at(0).at("tokens").at(1), "a");
}

TEST(CommandLine, StreamOptionsAndTextsExcludeEachOther) {
  expect_usage_error(run_program({"tokenize", "-m", nano(), "--jsonl", "text", "x"}), "--jsonl");
  expect_usage_error(run_program({"tokenize", "-m", nano(), "--input", "file", "x"}), "--input");
  expect_usage_error(run_program({"tokenize", "-m", nano(), "--pair", "a", "b", "c"}), "even number");
}

// The parser must not take apart what looks like a list or an option.
TEST(CommandLine, TextsStayWhole) {
  const Result result = run_program({"tokenize", "-m", nano(), "--json", "[a, b]", "", "--", "--json", "-5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = result.json_lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["offsets"].size(), 7u);
  EXPECT_EQ(lines[0]["tokens"][1], "[");
  EXPECT_EQ(lines[1]["tokens"].size(), 2u);
  EXPECT_EQ(lines[2]["tokens"][lines[2]["tokens"].size() - 2], "json");
  EXPECT_EQ(lines[3]["tokens"][1], "-");
}

TEST(CommandLine, SetUpLineOnlyWhereAskedFor) {
  const Arguments arguments = {"tokenize", "-m", nano(), "--json", "a"};
  EXPECT_EQ(run_program(arguments).err, "");
  const Arguments verbose = {"fill-mask", "-m", nano(), "--dtype", "fp32",
                             "--threads", "2",  "-v",   "a [MASK]"};
  EXPECT_THAT(run_program(verbose).err, ::testing::MatchesRegex("modernbert: .*nano: fp32, .*, 2 threads\n"));
}

}  // namespace
}  // namespace modernbert::testing
