// train-tokenizer, tokenize-corpus and evaluate, as commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <iterator>

#include "program.h"
#include "shared_files.h"

namespace modernbert::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

// `count` JSON lines of different lengths.
std::string documents(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    std::string text = "Chapter " + std::to_string(i) + ".";
    for (int k = 0; k < i % 40; ++k)
      text += " The castle stands by the old river, said number " + std::to_string(k) + ".";
    lines += json{{"text", text}}.dump() + "\n";
  }
  return lines;
}

TEST(TrainTokenizer, WritesATokenizerThatTheOtherVerbsRead) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.jsonl"), documents(100));
  const Result result = run_program(
      {"train-tokenizer", "--vocab-size", "300", "-o", folder.file("new"), "--json", folder.file("a.jsonl")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_EQ(result.json_lines().at(0)["vocab_size"], 300);
  const Result tokens = run_program({"tokenize", "-m", folder.file("new"), "--json", "castle [MASK]"});
  EXPECT_EQ(tokens.json_lines().at(0)["ids"].back(), 2);
}

TEST(TrainTokenizer, WarnsOfTooLittleText) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.txt"), "abab");
  const Result result =
      run_program({"train-tokenizer", "--vocab-size", "400", "-o", folder.file("new"), folder.file("a.txt")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err,
              HasSubstr("warning: too little text for 400 tokens: no pair is left to merge at 263"));
}

TEST(TrainTokenizer, RefusesWhatItCannotDo) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.txt"), "text");
  write_bytes(folder.file("empty.txt"), "");
  const std::string out = folder.file("new");
  expect_failure(run_program({"train-tokenizer", "--vocab-size", "100", "-o", out, folder.file("a.txt")}),
                 "a vocabulary of 100 tokens, want at least 261");
  expect_failure(run_program({"train-tokenizer", "-o", out, folder.file("empty.txt")}), "the file is empty");
  expect_usage_error(run_program({"train-tokenizer", "-o", out}), "no text, want FILE...");
  EXPECT_FALSE(fs::exists(out));
}

TEST(TokenizeCorpus, AKilledRunGoesOnToTheSameBits) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.jsonl"), documents(6000));  // about 6 MB
  const auto arguments = [&](const std::string& out) {
    return Arguments{"tokenize-corpus", "--tokenizer",         nano(), "--shard-size", "1", "-o",
                     folder.file(out),  folder.file("a.jsonl")};
  };
  EXPECT_EQ(run_program(arguments("whole")).exit_code, 0);
  Child child(arguments("killed"));
  const fs::path first = fs::path(folder.file("killed")) / "train-00000.tokens";
  for (int i = 0; i < 10000 && !fs::exists(first); ++i) usleep(1000);
  child.send_signal(SIGKILL);
  child.wait();
  const Result resumed = run_program(arguments("killed"));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder.file("whole"))) {
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(read_bytes(folder.file("killed/" + name)), read_bytes(entry.path())) << name;
    ++files;
  }
  EXPECT_GT(files, 10U);
  const auto all = fs::directory_iterator(folder.file("killed"));
  EXPECT_EQ(static_cast<size_t>(std::distance(begin(all), end(all))), files);
}

TEST(TokenizeCorpus, SaysWhatDiffersFromTheFolder) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.jsonl"), documents(50));
  const Arguments arguments = {"tokenize-corpus",   "--tokenizer",         nano(), "-o",
                               folder.file("data"), folder.file("a.jsonl")};
  EXPECT_EQ(run_program(arguments).exit_code, 0);
  write_bytes(folder.file("a.jsonl"), documents(51));
  expect_failure(run_program(arguments), "was made from something else: a.jsonl has ");
}

// The loss of another run over the same masks is the same; the figure itself is checked against a reference
// by ScoresLikeTheHead below.
TEST(EvaluateMlm, ReportsTheSameForTheSameSeed) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.jsonl"), documents(20));
  const auto evaluate = [&](const Arguments& more) {
    Arguments all = {"evaluate", "mlm", "-m", nano(), "--text", folder.file("a.jsonl"), "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all).json_lines().at(0);
  };
  const json one = evaluate({"--seed", "1"});
  EXPECT_EQ(one, evaluate({"--seed", "1", "--threads", "1"}));
  EXPECT_NE(one["loss"], evaluate({"--seed", "2"})["loss"]);
  EXPECT_NEAR(one["perplexity"], std::exp(one["loss"].get<double>()), 1e-4);
  EXPECT_NEAR(one["loss_per_byte"].get<double>() * one["bytes"].get<double>(),
              one["loss"].get<double>() * one["tokens"].get<double>(), 1e-2);
  EXPECT_EQ(one["documents"], 20);
}

// Every masked token of a text with one mask must cost what fill-mask says about it.
TEST(EvaluateMlm, ScoresLikeFillMask) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.txt"), "numpy");
  const Result score = run_program({"evaluate", "mlm", "-m", nano(), "--dtype", "fp32", "--mask-rate", "1",
                                    "--all-mask", "--text", folder.file("a.txt"), "--json"});
  const json found = score.json_lines().at(0);
  const int tokens = found["tokens"];
  std::string masks;
  for (int i = 0; i < tokens; ++i) masks += "[MASK]";
  const json filled =
      run_program({"fill-mask", "-m", nano(), "--dtype", "fp32", "--top-k", "8192", "--json", masks})
          .json_lines()
          .at(0);
  const json ids = run_program({"tokenize", "-m", nano(), "--no-special-tokens", "--json", "numpy"})
                       .json_lines()
                       .at(0)["ids"];
  ASSERT_EQ(ids.size(), static_cast<size_t>(tokens));
  double loss = 0;
  for (int i = 0; i < tokens; ++i) {
    for (const json& candidate : tokens == 1 ? filled : filled[i]) {
      if (candidate["token"] == ids[i]) loss -= std::log(candidate["score"].get<double>());
    }
  }
  EXPECT_GT(loss, 0);
  EXPECT_NEAR(found["loss"], loss / tokens, 1e-4 * loss);
  EXPECT_EQ(found["bytes"], 5);
}

TEST(EvaluateMlm, RefusesOtherWords) {
  expect_usage_error(run_program({"evaluate", "glue", "-m", nano(), "--text", "x"}),
                     "what is \"glue\", want mlm");
}

// Trained to 2.478 nats on held-out text of its own kinds; Wikipedia is farther away, and chance is ln 8192
// = 9.01.
TEST(EvaluateMlm, NanoKnowsEnglish) {
  const fs::path text = shared_dir() / "data/wikitext-2/test.txt";
  MB_SKIP_UNLESS_EXISTS(text);
  const TemporaryFolder folder;
  write_bytes(folder.file("a.txt"), read_bytes(text).substr(0, 20'000));
  const json found = run_program({"evaluate", "mlm", "-m", nano(), "--max-length", "256", "--text",
                                  folder.file("a.txt"), "--json"})
                         .json_lines()
                         .at(0);
  EXPECT_LT(found["loss"], 5);
  EXPECT_GT(found["loss"], 2.478);
}

}  // namespace
}  // namespace modernbert::testing
