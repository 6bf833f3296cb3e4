// Experiments of several processes: what one trains, all train.
#include "experiment/shared_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "experiment_files.h"
#include "stand_ins.h"
#include "training/distributed/thread_team.h"

namespace modernbert::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Member {
  std::vector<std::string> recipes;  // as text, in the order of training
  std::string error;
};

class SharedRuns : public ::testing::Test {
 protected:
  // An experiment of three processes.
  std::vector<Member> run() {
    const ExperimentPlan plan = files_.read(kTwoVariants);
    std::vector<Member> members(3);
    const auto errors = ThreadTeam(3).run([&](Communicator& processes) {
      Member& member = members[static_cast<size_t>(processes.rank())];
      const auto record = [&member](const Recipe& recipe) { member.recipes.push_back(to_yaml(recipe.tree)); };
      if (!processes.is_first()) return follow_runs(processes, record);
      const auto train = [&](const Recipe& recipe, const std::filesystem::path& folder) {
        record(recipe);
        return trainer_(recipe, folder);
      };
      ExperimentParts parts = stand_in_parts(meter_, trainer_);
      const RunnerParts runner{train, [] {}, [] { return 0.0; }, parts.runner.observer, processes};
      run_experiment(plan, {files_.path() / "out", {}, ""}, {meter_, runner, parts.measure_inference});
    });
    for (size_t i = 0; i < errors.size(); ++i) {
      if (errors[i]) members[i].error = thrown_by([&] { std::rethrow_exception(errors[i]); }).message;
    }
    return members;
  }

  ExperimentFiles files_;
  TableMeter meter_;
  StandInTrainer trainer_;
};

TEST_F(SharedRuns, AllProcessesTrainTheSame) {
  const std::vector<Member> members = run();
  EXPECT_THAT(trainer_.started, ElementsAre("first/5", "deep/5", "first/6", "deep/6"));
  for (const Member& member : members) {
    EXPECT_EQ(member.error, "");
    EXPECT_EQ(member.recipes, members[0].recipes);
  }
}

TEST_F(SharedRuns, WhatIsDoneIsNotTrainedByAnyoneAgain) {
  trainer_.stop_after = 1;
  run();
  trainer_.stop_after = 100;
  for (const Member& member : run()) EXPECT_EQ(member.recipes.size(), 3U);
}

// The others cannot know that they should leave their run.
TEST_F(SharedRuns, AFailingRunEndsTheExperiment) {
  trainer_.failing = "deep";
  const std::vector<Member> members = run();
  EXPECT_THAT(members[0].error, HasSubstr("no room"));
  EXPECT_THAT(trainer_.started, ElementsAre("first/5", "deep/5"));
  for (const size_t other : {1, 2}) EXPECT_NE(members[other].error, "");
}

}  // namespace
}  // namespace modernbert::testing
