// Standard input: order, promptness, constant memory, line ends, foreign bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "program.h"

namespace modernbert::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const Arguments kTokenize = {"tokenize", "-m", nano(), "--json"};

Arguments tokenize_with(const Arguments& more) {
  Arguments all = kTokenize;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// The texts back from tokenize's output.
std::string decoded(const std::string& tokenized) {
  return run_program({"tokenize", "-m", nano(), "--decode", "--no-special-tokens", "--jsonl", "ids"},
                     tokenized)
      .out;
}

TEST(Stream, KeepsTheOrder) {
  std::string input;
  for (int i = 0; i < 5000; ++i) input += "line " + std::to_string(i * 7919 % 5000) + "\n";
  EXPECT_EQ(decoded(run_program(kTokenize, input).out), input);
}

TEST(Stream, AnswersBeforeTheInputEnds) {
  Child child({"fill-mask", "-m", nano(), "--json", "--top-k", "1", "--threads", "1"});
  child.write("import [MASK] as np\n");
  EXPECT_EQ(json::parse(child.read_line()).at(0).at("token_str"), " numpy");
  child.write("def __init__([MASK], name):\n");
  EXPECT_EQ(json::parse(child.read_line()).at(0).at("token_str"), "self");
  child.close_input();
  EXPECT_EQ(child.wait().exit_code, 0);
}

// 4 MB of text and some 50 MB of answers pass through; the answers may not pile up.
TEST(Stream, MemoryDoesNotGrowWithTheInput) {
  // The address sanitizer keeps freed memory in quarantine, 256 MB of it by default: not ours to count.
  ::setenv("ASAN_OPTIONS", "quarantine_size_mb=4", 1);
  const std::string line = std::string(200, 'a') + " some words to make tokens of, and a few more\n";
  const auto peak_kb = [&](int lines) {
    std::string input;
    for (int i = 0; i < lines; ++i) input += line;
    const Result result = run_program(tokenize_with({"--threads", "1"}), input, "/dev/null");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.max_rss_kb;
  };
  EXPECT_LT(peak_kb(16'000), peak_kb(2'000) + 24'000);
}

TEST(Stream, LineEndsAndLastLine) {
  const auto lines = run_program(kTokenize, "a\r\nb\n\nc").json_lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["tokens"][1], "a");
  EXPECT_EQ(lines[0]["tokens"].size(), 3u);
  EXPECT_EQ(lines[2]["tokens"].size(), 2u);  // an empty line is an empty text
  EXPECT_EQ(lines[3]["tokens"][1], "c");
  EXPECT_EQ(run_program(kTokenize, "").out, "");
  EXPECT_EQ(run_program(kTokenize, "").exit_code, 0);
}

TEST(Stream, NulBytesAreText) {
  const auto lines = run_program(kTokenize, std::string("a\0b\n", 4)).json_lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["offsets"].back(), json::parse("[0,0]"));
  EXPECT_EQ(lines[0]["offsets"][lines[0]["offsets"].size() - 2][1], 3);
}

TEST(Stream, AFileAndADashAreStreamsToo) {
  const TemporaryFolder folder;
  write_bytes(folder.file("texts"), "a\nb\n");
  EXPECT_EQ(run_program(tokenize_with({"--input", folder.file("texts")})).lines().size(), 2u);
  EXPECT_EQ(run_program(tokenize_with({"-"}), "a\nb\n").lines().size(), 2u);
  expect_failure(run_program(tokenize_with({"--input", folder.file("absent")})), "absent");
}

TEST(Stream, InvalidUtf8NamesLineAndByteAfterAnsweringWhatCameBefore) {
  const Result result = run_program(kTokenize,
                                    "fine\nalso fine\nab\xff"
                                    "cd\nnever read\n");
  EXPECT_EQ(result.lines().size(), 2u);
  expect_failure(result, "standard input, line 3, byte 2");
  expect_failure(run_program(tokenize_with({"caf\xe9"})), "argument 1, byte 3");
  expect_failure(run_program(tokenize_with({"--jsonl", "t"}), "{\"t\": \"\xc0\x80\"}\n"), "line 1, byte 7");
}

TEST(Stream, InvalidUtf8CanBeReplaced) {
  const Result result = run_program(tokenize_with({"--invalid-utf8", "replace"}),
                                    "ab\xff"
                                    "cd\nx\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(decoded(result.out),
            "ab\xef\xbf\xbd"
            "cd\nx\n");
}

TEST(Stream, JsonlTakesOneFieldAndSkipsBlankLines) {
  const Result result = run_program(tokenize_with({"--jsonl", "t"}),
                                    "{\"t\": \"a\\u0000b\", \"other\": 1}\n\n  \r\n{\"t\": \"c\"}\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(decoded(result.out), std::string("a\0b\nc\n", 6));
}

TEST(Stream, JsonlErrorsNameTheLine) {
  const Arguments arguments = tokenize_with({"--jsonl", "t"});
  const std::string good = "{\"t\": \"a\"}\n";
  const Result missing = run_program(arguments, good + "{\"u\": \"a\"}\n");
  EXPECT_EQ(missing.lines().size(), 1u);
  expect_failure(missing, "standard input, line 2: no field \"t\", found u");
  expect_failure(run_program(arguments, good + "{\"t\": 5}\n"), "line 2: t is 5, want a string");
  expect_failure(run_program(arguments, good + "[1]\n"), "line 2");
  expect_failure(run_program(arguments, good + "{\"t\": \n"), "line 2");
  expect_failure(run_program(arguments, std::string(100'000, '[') + "\n"), "line 1");
}

TEST(Stream, ABadTextIsNamedAndTheOthersBeforeItAnswered) {
  const Result result =
      run_program({"fill-mask", "-m", nano(), "--json"}, "a [MASK]\nb [MASK]\nnothing\nc [MASK]\n");
  EXPECT_EQ(result.lines().size(), 2u);
  expect_failure(result, "standard input, line 3");
  EXPECT_THAT(result.err, HasSubstr("mask"));
}

// Blocks of a few lines are read, computed and written at the same time; what comes out is what each text
// gives alone.
TEST(Stream, OverlappingChangesNoBit) {
  std::string input;
  std::vector<std::string> texts;
  for (int i = 0; i < 2100; ++i) {
    texts.push_back("number " + std::to_string(i * 7919 % 2100) + std::string(i % 12, 'x') + " of them");
    input += "{\"t\": \"" + texts.back() + "\"}\n";
  }
  const Arguments embed = {"embed", "-m", nano(), "--json"};
  Arguments stream = embed;
  stream.insert(stream.end(), {"--jsonl", "t"});
  const auto lines = run_program(stream, input).lines();
  ASSERT_EQ(lines.size(), texts.size());
  for (const size_t i : {0, 1, 1023, 1024, 2047, 2048, 2099}) {
    Arguments alone = embed;
    alone.push_back(texts[i]);
    EXPECT_EQ(run_program(alone).lines().at(0), lines[i]) << i;
  }
}

TEST(Stream, ABadLineAfterManyBlocksIsReportedAfterAllAnswers) {
  std::string input;
  for (int i = 0; i < 5000; ++i) input += "{\"t\": \"text\"}\n";
  const Result result = run_program(tokenize_with({"--jsonl", "t"}), input + "{\"u\": 1}\n" + input);
  EXPECT_EQ(result.lines().size(), 5000u);
  expect_failure(result, "standard input, line 5001");
}

// The reading thread waits for a terminal or a pipe that may stay silent for ever.
TEST(Stream, AnErrorEndsTheProgramWhileTheInputStaysOpen) {
  Child child({"fill-mask", "-m", nano(), "--json"});
  child.write("no mask at all\n");
  const Result result = child.wait();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("standard input, line 1 has no mask token"));
}

TEST(Stream, AClosedOutputEndsTheProgramWhileTheInputStaysOpen) {
  Child child(kTokenize);
  child.write("a\n");
  child.read_line();
  child.close_output();
  child.write("b\n");
  const Result result = child.wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
}

TEST(Stream, AFullDiskIsAnError) {
  const std::string input(200'000, '\n');
  expect_failure(run_program(kTokenize, input, "/dev/full"), "standard output: No space left on device");
}

}  // namespace
}  // namespace modernbert::testing
