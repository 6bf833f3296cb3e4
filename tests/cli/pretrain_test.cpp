// The whole way: text, tokenizer, data set, a short run that is stopped and goes on, the model in use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "pretrain_fixture.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;

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
