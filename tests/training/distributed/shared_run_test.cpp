// Whole runs of several processes, with threads in the place of processes and a formula in that of the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "error_text.h"
#include "temporary_folder.h"
#include "training/distributed/thread_team.h"
#include "training/run/fake_run.h"

namespace modernbert::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Asks its process to stop after a step.
class Stopper : public RunObserver {
 public:
  std::vector<StepMetrics> steps;
  void on_step(const StepMetrics& metrics) override { steps.push_back(metrics); }
};

// A workshop whose data ask process `rank` to stop when micro-batch `at` is read.
class StoppingWorkshop : public FakeWorkshop {
 public:
  StoppingWorkshop(std::atomic<int>& stop, int64_t at) : stop_(stop), at_(at) {}
  std::unique_ptr<BatchStream> make_training_data(const Recipe& recipe, const Tokenizer& tokenizer,
                                                  const Communicator& processes) override {
    class Stream : public BatchStream {
     public:
      Stream(std::unique_ptr<BatchStream> data, std::atomic<int>& stop, int64_t at)
          : data_(std::move(data)), stop_(stop), at_(at) {}
      std::optional<MaskedLmBatch> next() override {
        if (data_->state().at("next") == at_) stop_ = 15;
        return data_->next();
      }
      Json state() const override { return data_->state(); }
      void restore(const Json& state) override { data_->restore(state); }

     private:
      std::unique_ptr<BatchStream> data_;
      std::atomic<int>& stop_;
      int64_t at_;
    };
    return std::make_unique<Stream>(FakeWorkshop::make_training_data(recipe, tokenizer, processes), stop_,
                                    at_);
  }

 private:
  std::atomic<int>& stop_;
  int64_t at_;
};

struct SharedRun {
  TemporaryFolder folder;
  Stopper recorder;
  std::vector<LoopEnd> ends;
  std::vector<std::exception_ptr> errors;

  using Change = std::function<void(int rank, RecipeNode&, FakeWorkshop&)>;
  // 4 micro-batches a step. stopped: the process that is asked to stop when it reads micro-batch `stop_at`.
  void start(int processes, int64_t steps, const Change& change = {}, int stopped = -1,
             int64_t stop_at = -1) {
    ends.assign(static_cast<size_t>(processes), LoopEnd::kFinished);
    errors = ThreadTeam(processes).run([&](Communicator& team) {
      RecipeNode tree = fake_recipe(steps);
      override_recipe(tree, "batch={sequences: 8, micro_batch: 2}");
      override_recipe(tree, "schedule.tokens=" + std::to_string(128 * steps));
      override_recipe(tree, "distributed.bucket_mib=0.002");
      std::atomic<int> stop = 0;
      StoppingWorkshop workshop(stop, team.rank() == stopped ? stop_at : -1);
      if (change) change(team.rank(), tree, workshop);
      const Recipe recipe = parse_recipe_tree(tree);
      PretrainingOptions options{.output = team.is_first() ? folder.path() : folder.path() / "nowhere"};
      options.stop = &stop;
      options.processes = &team;
      RunObserver nobody;
      ends[static_cast<size_t>(team.rank())] =
          pretrain(recipe, options, workshop, team.is_first() ? recorder : nobody);
    });
  }
  void expect_success() const {
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
    EXPECT_FALSE(fs::exists(folder.path() / "nowhere"));
  }
  std::string error(int rank) const {
    return thrown_by([&] {
             if (errors.at(static_cast<size_t>(rank)))
               std::rethrow_exception(errors[static_cast<size_t>(rank)]);
           })
        .message;
  }
  std::string weights() const { return read_file(folder.path() / "model" / "model.safetensors"); }
  // The largest difference of two weights; 0 where all bits are the same.
  double distance(const SharedRun& other) const {
    return largest_difference(folder.path(), other.folder.path());
  }
};

// Weights are about 0.1 and move by 0.01 a step: a sum that is added in another order changes their last
// bits, a wrong, missing or repeated micro-batch the second digit.
constexpr double kOtherOrder = 1e-6;

// As many processes as micro-batches add the same numbers in the same order.
TEST(SharedRun, OneMicroBatchEachGivesTheBitsOfOneProcess) {
  SharedRun alone, four;
  alone.start(1, 10);
  four.start(4, 10);
  four.expect_success();
  EXPECT_TRUE(alone.weights() == four.weights());
  ASSERT_EQ(four.recorder.steps.size(), 10u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(four.recorder.steps[i].loss, alone.recorder.steps[i].loss);
    EXPECT_EQ(four.recorder.steps[i].gradient_norm, alone.recorder.steps[i].gradient_norm);
    EXPECT_EQ(four.recorder.steps[i].tokens, alone.recorder.steps[i].tokens);
  }
}

TEST(SharedRun, AnyNumberOfProcessesGivesTheSameResult) {
  SharedRun alone;
  alone.start(1, 10);
  for (const int processes : {2, 3, 5}) {
    SharedRun shared;
    shared.start(processes, 10);
    shared.expect_success();
    EXPECT_LT(shared.distance(alone), kOtherOrder) << processes;
    EXPECT_EQ(shared.recorder.steps.back().tokens, alone.recorder.steps.back().tokens);
  }
}

// Steps of 1, 2, 3 and 4 micro-batches: not all processes have one in each.
TEST(SharedRun, AGrowingBatchGivesTheSameResult) {
  const auto grows = [](int, RecipeNode& tree, FakeWorkshop&) {
    override_recipe(tree, "batch={sequences: 8, micro_batch: 2, warmup_from: 2, warmup_tokens: 512}");
  };
  SharedRun alone, three;
  alone.start(1, 12, grows);
  three.start(3, 12, grows);
  three.expect_success();
  EXPECT_LT(three.distance(alone), kOtherOrder);
  EXPECT_EQ(three.recorder.steps.size(), alone.recorder.steps.size());
}

TEST(SharedRun, GoesOnWithAnotherNumberOfProcesses) {
  SharedRun alone, shared;
  alone.start(1, 12);
  shared.start(4, 5);
  for (const auto& [processes, steps] : {std::pair{3, 7}, {1, 8}, {2, 12}}) {
    shared.start(processes, steps);
    shared.expect_success();
  }
  EXPECT_EQ(shared.recorder.steps.back().step, 12);
  EXPECT_LT(shared.distance(alone), kOtherOrder);
}

TEST(SharedRun, OneProcessIsAskedToStopAndAllDo) {
  SharedRun alone, shared;
  alone.start(1, 10);
  // The last micro-batch of step 5, after a process's first.
  shared.start(2, 10, {}, 1, 19);
  shared.expect_success();
  EXPECT_EQ(shared.ends, std::vector(2, LoopEnd::kStopped));
  EXPECT_EQ(shared.recorder.steps.back().step, 4);
  shared.start(2, 10);
  shared.expect_success();
  EXPECT_LT(shared.distance(alone), kOtherOrder);
}

TEST(SharedRun, AStepThatIsNotFiniteInOneProcessIsSkippedByAll) {
  SharedRun shared;
  shared.start(2, 8, [](int rank, RecipeNode& tree, FakeWorkshop& workshop) {
    override_recipe(tree, "max_skipped_steps=2");
    if (rank == 1) workshop.broken_from = 2 + 2 * 3;  // two calls predict the time, three steps are fine
  });
  EXPECT_THAT(shared.error(0), HasSubstr("2 steps in a row"));
  EXPECT_THAT(shared.error(1), HasSubstr("2 steps in a row"));
  ASSERT_EQ(shared.recorder.steps.size(), 5u);
  EXPECT_FALSE(shared.recorder.steps[2].skipped);
  EXPECT_TRUE(shared.recorder.steps[3].skipped);
}

TEST(SharedRun, AnErrorInOneProcessEndsAll) {
  SharedRun shared;
  shared.start(3, 4, [](int rank, RecipeNode&, FakeWorkshop& workshop) {
    if (rank == 2) workshop.bytes_per_row = 1e18;
  });
  EXPECT_THAT(shared.error(2), HasSubstr("of memory"));
  EXPECT_THAT(shared.error(0), HasSubstr("ended with an error"));
  EXPECT_THAT(shared.error(1), HasSubstr("ended with an error"));
}

TEST(SharedRun, RefusesProcessesThatStartWithOtherRecipesOrData) {
  SharedRun shared;
  shared.start(2, 4, [](int rank, RecipeNode& tree, FakeWorkshop&) {
    if (rank == 1) override_recipe(tree, "optimizer.beta2=0.9");
  });
  EXPECT_THAT(shared.error(1), HasSubstr("process 1 starts with another recipe than process 0"));
  shared.start(2, 4, [](int rank, RecipeNode&, FakeWorkshop& workshop) {
    if (rank == 1) workshop.data = "other data";
  });
  EXPECT_THAT(shared.error(1), HasSubstr("process 1 starts with another model, tokenizer or data"));
}

}  // namespace
}  // namespace modernbert::testing
