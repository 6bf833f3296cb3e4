// The whole way of an experiment: a data set, variants that train, results; and the same command again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "program.h"
#include "shared_files.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Experiment : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.file("text.txt")) << read_bytes(source_dir() / "docs" / "cli.md");
    const auto tokenized =
        run_program({"tokenize-corpus", "--tokenizer", nano(), "-o", folder_.file("corpus"), "--format",
                     "paragraphs", "--held-out", "0.1", folder_.file("text.txt"), "--quiet"});
    ASSERT_EQ(tokenized.exit_code, 0) << tokenized.err;
    std::ofstream(folder_.file("base.yaml"))
        << "data: {sources: [{path: " + folder_.file("corpus") + "}], sequence_length: 32}\n"
        << "model: {hidden_size: 64, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 1, "
           "local_attention: 16}\n"
           "batch: {sequences: 4, micro_batch: 2}\nschedule: {tokens: 1k}\n"
           "evaluation: {every: 3, batches: 1}\ncompute: {threads: 2}\n";
    std::ofstream(folder_.file("try.yaml")) << "base: base.yaml\ninference: [32, 128]\nvariants:\n"
                                               "  - name: base\n"
                                               "  - {name: padded, set: {data.packing: padded}}\n"
                                               "  - {name: impossible, set: {compute.memory_gib: 0.001}}\n";
  }
  Arguments experiment(Arguments more = {}) const {
    Arguments all = {"experiment", folder_.file("try.yaml"), "--output", folder_.file("out")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  TemporaryFolder folder_;
};

TEST_F(Experiment, TrainsVariantsAndComparesThem) {
  const Result first = run_program(experiment({"--json"}));
  EXPECT_EQ(first.exit_code, 1) << first.err;  // one variant cannot run, the others can
  EXPECT_THAT(first.err, HasSubstr("impossible, seed 17: failed: the run needs"));
  const auto variants = first.json_lines().at(0)["variants"];
  for (const int i : {0, 1}) {
    EXPECT_GT(variants[i]["loss"]["mean"], 0) << i;
    EXPECT_GT(variants[i]["training_tokens_per_s"]["mean"], 0) << i;
    EXPECT_GE(variants[i]["runs"][0]["tokens"], 1000) << i;
    for (const auto& speed : variants[i]["inference"]) EXPECT_GT(speed["tokens_per_s"], 0) << i;
  }
  EXPECT_EQ(variants[0]["parameters"], variants[1]["parameters"]);
  // Padding costs, and is not counted as text.
  EXPECT_GT(variants[1]["training_flops_per_token"], variants[0]["training_flops_per_token"]);
  EXPECT_EQ(variants[2]["runs"][0]["status"], "failed");
  for (const char* name : {"report.html", "results.json", "results.md", "base/seed-17/report.html"})
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "out" / name)) << name;

  const Result again = run_program(experiment());
  EXPECT_THAT(again.err, Not(HasSubstr("padded, seed 17")));  // done
  EXPECT_EQ(again.out, read_bytes(folder_.path() / "out" / "results.md"));
  EXPECT_THAT(again.out, HasSubstr("| impossible |        failed |"));
}

TEST_F(Experiment, SigtermSavesAndTheNextStartGoesOn) {
  const Arguments arguments =
      experiment({"--only", "base", "--set", "schedule.tokens=10k", "--set", "evaluation.every=40", "-q"});
  Child child(arguments);
  const auto checkpoint = folder_.path() / "out" / "base" / "seed-17" / "metrics.jsonl";
  for (int i = 0; i < 600 && !std::filesystem::exists(checkpoint); ++i) ::usleep(50'000);
  child.send_signal(SIGTERM);
  EXPECT_EQ(child.wait().exit_code, 128 + SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out" / "base" / "seed-17" / "done.json"));
  const Result resumed = run_program(arguments);
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "out" / "base" / "seed-17" / "done.json"));
}

TEST_F(Experiment, ChecksAndNamesWhatIsWrong) {
  const Result check = run_program(experiment({"--check", "--quiet"}));
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("3 runs (seeds 17), equal tokens"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out"));
  expect_failure(run_program(experiment({"--set", "batch.size=3", "-q"})),
                 "--set batch.size: batch.size: unknown field");
  expect_failure(run_program(experiment({"--only", "other", "-q"})), "no variant is called \"other\"");
  expect_failure(run_program({"experiment", "/no/such.yaml"}), "/no/such.yaml");
  expect_usage_error(run_program({"experiment"}), "want one file");
}

TEST_F(Experiment, DesignWritesOne) {
  const std::string file = folder_.file("shapes.yaml");
  const Arguments design = {"design",
                            "--parameters",
                            "20M",
                            "--length",
                            "32",
                            "--top",
                            "2",
                            "--quiet",
                            "--base",
                            folder_.file("base.yaml"),
                            "--experiment",
                            file};
  const Result designed = run_program(design);
  ASSERT_EQ(designed.exit_code, 0) << designed.err;
  const Result check = run_program({"experiment", file, "--check", "--quiet", "--json"});
  ASSERT_EQ(check.exit_code, 0) << check.err;
  EXPECT_EQ(check.json_lines().at(0)["variants"].size(), 2u);
  expect_usage_error(run_program({"design", "--experiment", file}), "give --parameters or --latency");
}

}  // namespace
}  // namespace modernbert::testing
