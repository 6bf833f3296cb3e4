// Experiments with stand-ins for training: what runs, what is left alone, what comes out.
#include "experiment/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/json.h"
#include "error_text.h"
#include "experiment/data_differences.h"
#include "experiment_files.h"
#include "stand_ins.h"

namespace modernbert::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ExperimentTest : public ::testing::Test {
 protected:
  ExperimentResults run(const ExperimentPlan& plan, std::vector<std::string> only = {}) {
    trainer_.started.clear();
    return run_experiment(plan, {output_, std::move(only), "a machine"}, stand_in_parts(meter_, trainer_));
  }
  std::string output(const std::string& name) const { return read_file(output_ / name); }

  ExperimentFiles files_;
  std::filesystem::path output_ = files_.path() / "out";
  TableMeter meter_;
  StandInTrainer trainer_;
};

TEST_F(ExperimentTest, RunsEveryVariantWithEverySeedOnce) {
  const ExperimentPlan plan = files_.read(kTwoVariants);
  const ExperimentResults results = run(plan);
  EXPECT_THAT(trainer_.started, ElementsAre("first/5", "deep/5", "first/6", "deep/6"));
  const VariantResult& deep = results.variants[1];
  EXPECT_NEAR(deep.loss()->mean, 2.5 + 0.55, 1e-9);
  EXPECT_NEAR(deep.loss()->deviation, 0.1 / std::sqrt(2), 1e-9);
  // By seed: the seeds' own spread falls out.
  EXPECT_NEAR(results.difference(deep)->mean, -0.5, 1e-9);
  EXPECT_NEAR(results.difference(deep)->deviation, 0, 1e-9);
  EXPECT_EQ(deep.tokens_per_s()->mean, 500);
  EXPECT_EQ(deep.peak_bytes(), 5e8);
  run(plan);
  EXPECT_THAT(trainer_.started, IsEmpty());
}

TEST_F(ExperimentTest, AStoppedExperimentGoesOnWhereItWas) {
  const ExperimentPlan plan = files_.read(kTwoVariants);
  trainer_.stop_after = 1;
  const ExperimentResults stopped = run(plan);
  EXPECT_THAT(trainer_.started, ElementsAre("first/5", "deep/5"));
  EXPECT_TRUE(stopped.variants[0].loss());
  EXPECT_FALSE(stopped.variants[1].loss());
  EXPECT_THAT(stopped.variants[0].inference, IsEmpty());  // whoever stops does not want to wait
  trainer_.stop_after = 100;
  run(plan);
  EXPECT_THAT(trainer_.started, ElementsAre("deep/5", "first/6", "deep/6"));
}

TEST_F(ExperimentTest, AFailingVariantIsReportedAndTheOthersGoOn) {
  const ExperimentPlan plan = files_.read(kTwoVariants);
  trainer_.failing = "first";
  const ExperimentResults results = run(plan);
  EXPECT_THAT(trainer_.started, ElementsAre("first/5", "deep/5", "first/6", "deep/6"));
  EXPECT_EQ(results.variants[0].runs[0].outcome.error, "no room");
  EXPECT_TRUE(results.variants[1].loss());
  EXPECT_FALSE(results.difference(results.variants[1]));
  EXPECT_THAT(output("results.md"), HasSubstr("| first   |        failed |"));
  EXPECT_THAT(output("results.md"), HasSubstr("seed 5 failed: no room"));
  trainer_.failing = "";
  run(plan);  // what failed is tried again
  EXPECT_THAT(trainer_.started, ElementsAre("first/5", "first/6"));
}

TEST_F(ExperimentTest, OnlySomeVariants) {
  const ExperimentPlan plan = files_.read(kTwoVariants);
  run(plan, {"deep"});
  EXPECT_THAT(trainer_.started, ElementsAre("deep/5", "deep/6"));
  const ExperimentResults results = run(plan, {"first"});
  EXPECT_TRUE(results.difference(results.variants[1]));  // of the earlier start
  EXPECT_THAT(thrown_by([&] { run(plan, {"wide"}); }).message,
              HasSubstr("no variant is called \"wide\"; there are first, deep"));
}

// A run that has decayed and is then made longer is not what the other variants are.
TEST_F(ExperimentTest, ARunOfAnotherRecipeIsRefused) {
  run(files_.read(kTwoVariants));
  const ExperimentResults results = run(files_.read(kTwoVariants, {"schedule.tokens=2k"}));
  EXPECT_THAT(trainer_.started, IsEmpty());
  EXPECT_THAT(results.variants[0].runs[0].outcome.error,
              HasSubstr("started with another recipe: \"  tokens: 1000\", now \"  tokens: 2k\""));
  // Nor does it stand beside the others when those are run alone.
  trainer_.loss["wide"] = 2;
  const ExperimentResults more =
      run(files_.read(kTwoVariants + "  - {name: wide, set: {model.intermediate_size: 128}}\n",
                      {"schedule.tokens=2k"}),
          {"wide"});
  EXPECT_THAT(trainer_.started, ElementsAre("wide/5", "wide/6"));
  EXPECT_FALSE(more.variants[0].loss());
  EXPECT_TRUE(more.variants[2].loss());
}

TEST_F(ExperimentTest, OneExperimentAtATimeInAFolder) {
  const ExperimentPlan plan = files_.read(kTwoVariants);
  bool tried = false;
  ExperimentParts parts = stand_in_parts(meter_, trainer_);
  parts.runner.train = [&](const Recipe&, const std::filesystem::path&) {
    tried = true;
    EXPECT_THAT(thrown_by([&] { run(plan); }).message, HasSubstr("another run writes into this folder"));
    return LoopEnd::kStopped;
  };
  run_experiment(plan, {output_, {}, ""}, parts);
  EXPECT_TRUE(tried);
}

TEST_F(ExperimentTest, ResultsForProgramsAndForPeople) {
  run(files_.read(kTwoVariants));
  const Json json = Json::parse(output("results.json"));
  const Json& deep = json["variants"][1];
  EXPECT_EQ(deep["changes"], Json::array({"model.num_hidden_layers: 4"}));
  EXPECT_NEAR(deep["loss"]["mean"].get<double>(), 3.05, 1e-9);
  EXPECT_EQ(deep["loss"]["count"], 2);
  EXPECT_EQ(deep["runs"][1]["held_out"][0]["tokens"], 1000);
  EXPECT_EQ(deep["inference"][0]["tokens_per_s"], 4000);
  EXPECT_TRUE(deep["inference"][2]["tokens_per_s"].is_null());
  EXPECT_THAT(output("results.md"),
              HasSubstr("| deep    | 3.050 ± 0.071 | -0.500 ± 0.000 |            500 |        4.00k |"
                        "        3.00k |             – | 500 MB |      1.00k |  1.00k |  2 s |\n"));
  const std::string page = output("report.html");
  EXPECT_THAT(page, HasSubstr("\"model.num_hidden_layers: 4\""));
  for (const char* outside : {"src=", "href=", "{{", "http:"})
    EXPECT_THAT(page.substr(0, page.find("http://www.w3.org")), Not(HasSubstr(outside)));
}

TEST(DataDifferences, SaysWhatCannotBeCompared) {
  const ExperimentFiles files;
  const ExperimentPlan plan = files.read(kTwoVariants + R"(  - name: masks
    set: {data.mask_probability: 0.15}
  - name: rows
    set: {data.sequence_length: 8, data.packing: padded}
)");
  const auto notes = [&](size_t variant) {
    return data_differences(variant_recipe(plan, plan.variants[0], 5),
                            variant_recipe(plan, plan.variants[variant], 5));
  };
  EXPECT_THAT(notes(1), IsEmpty());
  EXPECT_THAT(notes(2),
              ElementsAre("data.mask_probability: the same text in the same order, under other masks"));
  EXPECT_THAT(notes(3), ElementsAre(HasSubstr("data.packing"), HasSubstr("loss cannot be compared")));
}

TEST(Results, AnEvaluationThatIsRepeatedCountsOnce) {
  const std::string metrics = R"({"kind":"step","step":1,"tokens":10,"seconds":1,"tokens_per_s":10}
{"kind":"evaluation","step":1,"tokens":10,"loss":4,"accuracy":0.1}
{"kind":"step","step":2,"tokens":20,"seconds":3,"tokens_per_s":30}
{"kind":"evaluation","step":2,"tokens":20,"loss":3,"accuracy":0.2}
{"kind":"evaluation","step":2,"tokens":20,"loss":3,"accuracy":0.2}
{"kind":"step","st)";
  const RunResult result = read_run_result(1, {.status = RunStatus::kFinished}, metrics);
  ASSERT_EQ(result.curve.size(), 2u);
  EXPECT_EQ(result.curve[1].seconds, 4);
  EXPECT_EQ(result.loss(), 3);
  EXPECT_EQ(result.steps, 2);
}

TEST(InferenceSpeed, TheFasterOfTwoTurnsCountsAndIsKept) {
  const TemporaryFolder folder;
  double speed = 100;
  const auto measure = [&](const std::filesystem::path&, std::span<const int32_t> lengths) {
    return std::vector<InferenceSpeed>{{lengths[0], speed += 10, ""}, {lengths[1], 0, "too long"}};
  };
  const std::vector<int32_t> lengths = {128, 8192}, others = {64, 8192};
  const InferenceJob job{"model", folder.path() / "inference.json"};
  EXPECT_EQ(measure_in_turns({job}, lengths, measure)[0][0].tokens_per_s, 120);
  const auto again = measure_in_turns({job}, lengths, measure);
  EXPECT_EQ(again[0][0].tokens_per_s, 120);
  EXPECT_EQ(again[0][1].remark, "too long");
  EXPECT_EQ(measure_in_turns({job}, others, measure)[0][0].tokens_per_s, 140);  // measured anew
}

}  // namespace
}  // namespace modernbert::testing
