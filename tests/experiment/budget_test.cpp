#include "experiment/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment_files.h"
#include "stand_ins.h"

namespace modernbert::testing {
namespace {

using ::testing::ElementsAre;

TEST(Budget, WhatCostsTwiceAsMuchGetsHalfTheTokens) {
  EXPECT_THAT(equal_cost_tokens(1000, std::vector<double>{3, 6, 1.5, 3}), ElementsAre(1000, 500, 2000, 1000));
  EXPECT_THAT(equal_cost_tokens(2, std::vector<double>{1, 1e9}), ElementsAre(2, 1));
}

TEST(Budget, TheWholeScheduleIsScaled) {
  const ExperimentFiles files;
  const ExperimentPlan plan =
      files.read(kTwoVariants + "set: {batch: {warmup_from: 2, warmup_tokens: 200}}\n");
  const Recipe recipe = with_tokens(variant_recipe(plan, plan.variants[1], 5), 500);
  EXPECT_EQ(recipe.schedule.total, 500);
  EXPECT_EQ(recipe.schedule.warmup, 50);
  EXPECT_EQ(recipe.schedule.decay, 200);
  EXPECT_EQ(recipe.batch.warmup_tokens, 100);
  EXPECT_EQ(recipe.seed, 5u);
}

TEST(Budget, ByKind) {
  const ExperimentFiles files;
  TableMeter meter({{"first", 1}, {"deep", 4}});
  const auto tokens = [&](const std::string& budget) {
    return budget_tokens(files.read(kTwoVariants + "budget: " + budget + "\n"), meter, {});
  };
  EXPECT_THAT(tokens("tokens"), ElementsAre(1000, 1000));
  EXPECT_EQ(meter.measurements, 0);
  EXPECT_THAT(tokens("flops"), ElementsAre(1000, 250));
  EXPECT_EQ(meter.measurements, 0);
  EXPECT_THAT(tokens("time"), ElementsAre(1000, 250));
  EXPECT_GT(meter.measurements, 2);  // in turns
}

// A second start must not measure again: other tokens would be another run.
TEST(Budget, TimesAreMeasuredOnce) {
  const ExperimentFiles files;
  const std::string text = kTwoVariants + "budget: time\n";
  const auto record = files.path() / "time_budget.json";
  TableMeter meter({{"deep", 4}}), slower({{"deep", 8}});
  EXPECT_THAT(budget_tokens(files.read(text), meter, record), ElementsAre(1000, 250));
  EXPECT_THAT(budget_tokens(files.read(text), slower, record), ElementsAre(1000, 250));
  EXPECT_EQ(slower.measurements, 0);
  // Another recipe is another question, and so is another budget.
  EXPECT_THAT(budget_tokens(files.read(text, {"batch.sequences=8"}), slower, record), ElementsAre(1000, 125));
  EXPECT_THAT(budget_tokens(files.read(text, {"schedule.tokens=2k"}), slower, record),
              ElementsAre(2000, 250));
  // A variant that is added leaves the others alone.
  const ExperimentPlan more =
      files.read(kTwoVariants + "  - {name: wide, set: {model.intermediate_size: 128}}\nbudget: time\n");
  EXPECT_THAT(budget_tokens(more, slower, record), ElementsAre(1000, 250, 1000));
}

}  // namespace
}  // namespace modernbert::testing
