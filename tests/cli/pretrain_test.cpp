// The whole way: text, tokenizer, data set, a short run that is stopped and goes on, the model in use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "program.h"
#include "shared_files.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;

class Pretrain : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.file("text.txt")) << read_bytes(source_dir() / "docs" / "cli.md");
    const auto made = run_program({"train-tokenizer", "--vocab-size", "400", "-o", data("tokenizer"),
                                   folder_.file("text.txt"), "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const auto tokenized =
        run_program({"tokenize-corpus", "--tokenizer", data("tokenizer"), "-o", data("corpus"), "--format",
                     "paragraphs", "--held-out", "0.1", folder_.file("text.txt"), "--quiet"});
    ASSERT_EQ(tokenized.exit_code, 0) << tokenized.err;
    std::ofstream(folder_.file("recipe.yaml")) << recipe();
  }
  std::string data(const std::string& name) const { return folder_.file(name); }
  std::string recipe() const {
    return "name: tiny\ndata:\n  sources: {path: " + data("corpus") + "}\n  sequence_length: 32\n" +
           "model: {hidden_size: 64, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 1, "
           "local_attention: 16}\n"
           "batch: {sequences: 4, micro_batch: 2}\nschedule: {tokens: 1k}\n"
           "evaluation: {batches: 1, sentences: [\"a [MASK]\"]}\ncheckpoint: {every: 2}\n";
  }
  Arguments pretrain(Arguments more = {}) const {
    Arguments all = {"pretrain", folder_.file("recipe.yaml"), "--output", data("run")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  TemporaryFolder folder_;
};

TEST_F(Pretrain, TrainsAModelThatOtherVerbsRead) {
  const Result run = run_program(pretrain({"--json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto lines = run.json_lines();
  EXPECT_EQ(lines.front()["kind"], "step");
  EXPECT_EQ(lines.back()["kind"], "evaluation");
  EXPECT_GT(lines.back()["loss"], 0);
  EXPECT_THAT(run.err, HasSubstr("predicted, from one micro-batch"));
  EXPECT_EQ(run_program({"fill-mask", "-m", data("run") + "/model", "a [MASK]"}).exit_code, 0);
  for (const char* name : {"report.html", "metrics.jsonl", "recipe.yaml", "tensorboard", "checkpoints"})
    EXPECT_TRUE(std::filesystem::exists(data("run") + "/" + name)) << name;
}

TEST_F(Pretrain, SigtermSavesAndTheNextStartGoesOn) {
  Child child(pretrain({"--set", "schedule.tokens=1M"}));
  child.read_line();
  child.read_line();
  child.send_signal(SIGTERM);
  EXPECT_EQ(child.wait().exit_code, 128 + SIGTERM);
  const Result resumed = run_program(pretrain({"--resume"}));  // the recipe's own length is behind it
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resuming at step"));
}

TEST_F(Pretrain, NamesWhatIsWrong) {
  expect_failure(run_program(pretrain({"--set", "batch.size=3", "--quiet"})),
                 "--set batch.size: batch.size: unknown field");
  expect_failure(run_program(pretrain({"--resume", "--quiet"})), "no checkpoint to resume from");
  expect_failure(run_program(pretrain({"--set", "compute.memory_gib=0.001", "--quiet"})), "of memory");
  expect_failure(run_program({"pretrain", "/no/such.yaml"}), "/no/such.yaml");
  expect_usage_error(run_program({"pretrain"}), "want one recipe");
}

TEST_F(Pretrain, ADamagedShardIsNamed) {
  const auto shard = data("corpus") + "/train-00000.tokens";
  std::string bytes = read_bytes(shard);
  bytes[bytes.size() / 2] ^= 1;
  write_bytes(shard, bytes);
  expect_failure(run_program(pretrain({"--quiet"})), shard);
}

}  // namespace
}  // namespace modernbert::testing
