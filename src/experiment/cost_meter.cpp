#include "experiment/cost_meter.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/default_threads.h"
#include "model/cost.h"
#include "training/run/optimized_tensors.h"
#include "training/run/training_loop.h"

namespace modernbert {
namespace {

constexpr int kCountedBatches = 8;        // micro-batches that FLOPs are averaged over
constexpr int64_t kMostMicroBatches = 8;  // of a measured step: the optimiser's share is small by then
constexpr int kTimedSteps = 2;

// Keeps the best of all steps but the first, which also allocates.
class BestStep : public RunObserver {
 public:
  void on_step(const StepMetrics& metrics) override {
    if (metrics.step > 1) seconds_per_token_ = std::min(seconds_per_token_, 1 / metrics.tokens_per_s);
  }
  double seconds_per_token() const { return seconds_per_token_; }

 private:
  double seconds_per_token_ = std::numeric_limits<double>::infinity();
};

// A few steps at the full size of the batch, as far as that is needed.
Recipe short_recipe(Recipe recipe) {
  BatchRecipe& batch = recipe.batch;
  batch.sequences = std::min(batch.sequences, kMostMicroBatches * batch.micro_batch);
  batch.warmup_from = batch.warmup_tokens = 0;
  recipe.evaluation.every = 0;
  recipe.checkpoint.every = std::numeric_limits<int64_t>::max();
  return recipe;
}

}  // namespace

int64_t TrainingCostMeter::parameters(const Recipe& recipe) {
  return count_parameters(resolve_run_model(recipe, find_model_).encoder, HeadKind::kMaskedLm).total();
}

double TrainingCostMeter::flops_per_token(const Recipe& recipe) {
  const RunModel model = resolve_run_model(recipe, find_model_);
  OneProcess alone;
  const auto data = workshop_.make_training_data(recipe, model.tokenizer, alone);
  double flops = 0;
  int64_t tokens = 0;
  for (int i = 0; i < kCountedBatches; ++i) {
    const MaskedLmBatch batch = *data->next();
    flops += training_flops(model.encoder, batch);
    tokens += batch.real_tokens();
  }
  return flops / static_cast<double>(tokens);
}

double TrainingCostMeter::seconds_per_token(const Recipe& whole) {
  Recipe recipe = short_recipe(whole);
  const RunModel model = resolve_run_model(recipe, find_model_);
  const int threads = choose_threads(recipe.compute.threads, processes_.size_on_host());
  const auto layout = std::make_shared<const ParameterLayout>(model.encoder, HeadKind::kMaskedLm);
  ParameterBlock parameters(layout), gradients(layout);
  initialize_parameters(model.encoder, recipe.model.init, recipe.seed, parameters);
  Optimizer optimizer(recipe.optimizer, optimized_tensors(*layout, recipe.optimizer.kind), threads);
  OneProcess alone;
  const auto data = workshop_.make_training_data(recipe, model.tokenizer, alone);
  const auto trained = workshop_.make_model(model.encoder, recipe, threads);
  trained->set_parameters(parameters);
  RunState state;
  BestStep best;
  LoopParts parts{*trained, *data, parameters, gradients, optimizer, state, best, alone};
  parts.threads = threads;
  parts.save = [] {};
  static const std::atomic<int> kNeverStops = 0;
  for (int step = 0; step < 1 + kTimedSteps; ++step) {
    recipe.schedule.total = static_cast<double>(state.tokens + 1);  // one step more
    TrainingLoop(recipe, parts).run(kNeverStops);
  }
  return best.seconds_per_token() / processes_.size();
}

}  // namespace modernbert
