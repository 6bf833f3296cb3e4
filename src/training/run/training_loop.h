// The steps of a run: micro-batches to gradients, gradients to a step of the optimiser, until all tokens are
// seen or somebody asks to stop. Several processes go through it side by side: each computes its
// micro-batches, and what they decide on (losses, the norm, a stop) is summed over all of them first, so that
// all do the same.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "training/checkpoint/checkpoint_files.h"
#include "training/distributed/gradient_exchange.h"
#include "training/optimizer/optimizer.h"
#include "training/recipe/recipe.h"
#include "training/report/run_events.h"
#include "training/run/trained_model.h"

namespace modernbert {

// What the loop works on; nothing is owned.
struct LoopParts {
  TrainedModel& model;
  BatchStream& data;
  ParameterBlock& parameters;
  ParameterBlock& gradients;  // scratch
  Optimizer& optimizer;
  RunState& state;
  RunObserver& observer;
  Communicator& processes;
  std::function<EvaluationMetrics()> evaluate;
  std::function<void()> save;                              // a checkpoint of `state`, called by all processes
  std::function<double(const MaskedLmBatch&)> step_flops;  // of forward and backward; for the share of peak
  double peak_flops = 0;                                   // of the machine, a second; 0 = unknown
  int64_t micro_batch_tokens = 0;                          // real ones, about; 0 = all that the rows hold
  int threads = 1;
};

enum class LoopEnd { kFinished, kStopped };

// Where the time went, in seconds.
struct LoopSeconds {
  double steps = 0;  // data included
  double data = 0;
  double checkpoints = 0;
  double evaluation = 0;
  double logging = 0;
  double waiting = 0;  // of the steps: for gradients of other processes
};

class TrainingLoop {
 public:
  TrainingLoop(const Recipe& recipe, const LoopParts& parts);

  // Ends with a checkpoint in any case. A request to stop (`stop` other than 0) is seen between
  // micro-batches, whichever process has it; the unfinished step is dropped and done again by the resumed
  // run. Error (kInvalidFile: the data or the recipe are bad) after recipe.max_skipped_steps steps in a row
  // without finite loss and gradients; the last checkpoint stays as it is.
  LoopEnd run(const std::atomic<int>& stop);
  const LoopSeconds& seconds() const { return seconds_; }
  int64_t total_steps() const { return total_steps_; }

 private:
  struct Batches;
  bool step(const std::atomic<int>& stop);
  Batches read_batches();
  void count_together(Batches& batches);
  bool anyone_stops(const std::atomic<int>& stop);
  bool accumulate(const Batches& batches, const std::atomic<int>& stop, LossTerms& sum);
  LossTerms run_batch(const Batches& batches, size_t index, const FinalGradients& final_from);
  StepMetrics finish_step(const Batches& batches, const LossTerms& sum);
  void report(StepMetrics metrics, const Batches& batches, double seconds);
  void check_skipped() const;
  void evaluate();
  void save();

  const Recipe& recipe_;
  LoopParts parts_;
  BatchWarmup warmup_;
  int64_t total_tokens_;
  int64_t total_steps_;
  LoopSeconds seconds_;
  int64_t saved_step_ = -1, evaluated_step_ = -1;
};

}  // namespace modernbert
