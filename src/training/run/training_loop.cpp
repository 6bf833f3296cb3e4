#include "training/run/training_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "core/fail.h"
#include "core/random.h"
#include "training/optimizer/gradient_norm.h"

namespace modernbert {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Runs an action and adds the time it took.
template <class Action>
auto timed(double& seconds, const Action& action) {
  struct Adder {
    double& seconds;
    Clock::time_point start = Clock::now();
    ~Adder() { seconds += since(start); }
  } adder{seconds};
  return action();
}

void clear(std::span<float> values, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0;
}

int64_t labels_of(const MaskedLmBatch& batch) {
  return std::ranges::count_if(batch.labels, [](int32_t label) { return label != kNotPredicted; });
}

}  // namespace

// The micro-batches of one step.
struct TrainingLoop::Batches {
  Json data_before;
  std::vector<MaskedLmBatch> list;
  int64_t tokens = 0;
  int64_t labels = 0;
};

TrainingLoop::TrainingLoop(const Recipe& recipe, const LoopParts& parts)
    : recipe_(recipe),
      parts_(parts),
      warmup_(recipe.batch.warmup()),
      total_tokens_(static_cast<int64_t>(recipe.schedule.total)),
      total_steps_(
          warmup_.count_steps(total_tokens_, parts.micro_batch_tokens > 0
                                                 ? parts.micro_batch_tokens
                                                 : recipe.batch.micro_batch * recipe.data.sequence_length)) {}

LoopEnd TrainingLoop::run(const std::atomic<int>& stop) {
  while (parts_.state.tokens < total_tokens_) {
    if (stop != 0 || !step(stop)) {
      save();
      return LoopEnd::kStopped;
    }
    const int64_t done = parts_.state.step;
    if (recipe_.evaluation.every > 0 && done % recipe_.evaluation.every == 0) evaluate();
    if (done % recipe_.checkpoint.every == 0) save();
  }
  evaluate();
  save();
  return LoopEnd::kFinished;
}

bool TrainingLoop::step(const std::atomic<int>& stop) {
  const auto start = Clock::now();
  const Batches batches = timed(seconds_.data, [&] { return read_batches(); });
  clear(parts_.gradients.values(), parts_.threads);
  LossTerms sum;
  if (!accumulate(batches, stop, sum)) {
    parts_.data.restore(batches.data_before);
    return false;
  }
  const StepMetrics metrics = finish_step(batches, sum);
  const double seconds = since(start);
  seconds_.steps += seconds;
  parts_.state.seconds += seconds;
  timed(seconds_.logging, [&] { report(metrics, batches, seconds); });
  check_skipped();
  return true;
}

TrainingLoop::Batches TrainingLoop::read_batches() {
  Batches batches;
  batches.data_before = parts_.data.state();
  const int64_t count = warmup_.size_at(parts_.state.tokens);
  for (int64_t i = 0; i < count; ++i) {
    batches.list.push_back(parts_.data.next());
    batches.tokens += batches.list.back().real_tokens();
    batches.labels += labels_of(batches.list.back());
  }
  return batches;
}

bool TrainingLoop::accumulate(const Batches& batches, const std::atomic<int>& stop, LossTerms& sum) {
  // Every label of the step weighs the same, however the step is divided.
  const double scale = 1.0 / static_cast<double>(std::max<int64_t>(1, batches.labels));
  const uint64_t key = random_hash(recipe_.seed, static_cast<uint64_t>(parts_.state.step));
  for (size_t i = 0; i < batches.list.size(); ++i) {
    if (stop != 0) return false;
    const LossTerms terms =
        parts_.model.forward_backward(batches.list[i], scale, random_hash(key, i), parts_.gradients);
    sum.cross_entropy += terms.cross_entropy;
    sum.z_loss += terms.z_loss;
    sum.labels += terms.labels;
    sum.correct += terms.correct;
  }
  return true;
}

StepMetrics TrainingLoop::finish_step(const Batches& batches, const LossTerms& sum) {
  RunState& state = parts_.state;
  state.step += 1;
  state.tokens += batches.tokens;
  StepMetrics metrics{.step = state.step, .total_steps = total_steps_};
  metrics.tokens = state.tokens;
  metrics.total_tokens = total_tokens_;
  const auto labels = static_cast<double>(std::max<int64_t>(1, sum.labels));
  metrics.loss = sum.cross_entropy / labels;
  metrics.accuracy = static_cast<double>(sum.correct) / labels;
  metrics.gradient_norm = gradient_norm(parts_.gradients.values(), parts_.threads);
  // At the tokens seen after this step: the first step has a rate, the last one the final rate.
  metrics.rate =
      recipe_.optimizer.learning_rate * recipe_.schedule.multiplier(static_cast<double>(state.tokens));
  metrics.skipped = !std::isfinite(metrics.loss) || !std::isfinite(metrics.gradient_norm);
  if (metrics.skipped) {
    ++state.skipped;
    ++state.skipped_in_a_row;
    return metrics;
  }
  state.skipped_in_a_row = 0;
  parts_.optimizer.step(parts_.parameters.values(), parts_.gradients.values(), metrics.rate,
                        clip_factor(metrics.gradient_norm, recipe_.clip_norm));
  state.optimizer_steps = parts_.optimizer.steps();
  parts_.model.set_parameters(parts_.parameters);
  return metrics;
}

void TrainingLoop::report(StepMetrics metrics, const Batches& batches, double seconds) {
  metrics.seconds = seconds;
  metrics.tokens_per_s = static_cast<double>(batches.tokens) / seconds;
  if (parts_.step_flops && parts_.peak_flops > 0) {
    double flops = 0;
    for (const MaskedLmBatch& batch : batches.list) flops += parts_.step_flops(batch);
    metrics.share_of_peak = flops / seconds / parts_.peak_flops;
  }
  parts_.observer.on_step(metrics);
}

void TrainingLoop::check_skipped() const {
  if (parts_.state.skipped_in_a_row < recipe_.max_skipped_steps) return;
  fail(ErrorCode::kInvalidFile,
       "step {}: loss or gradients were not finite {} steps in a row (max_skipped_steps): lower "
       "optimizer.learning_rate, set optimizer.clip_norm or look at the data; the last checkpoint is intact",
       parts_.state.step, parts_.state.skipped_in_a_row);
}

void TrainingLoop::evaluate() {
  if (!parts_.evaluate || evaluated_step_ == parts_.state.step) return;
  evaluated_step_ = parts_.state.step;
  const EvaluationMetrics metrics = timed(seconds_.evaluation, parts_.evaluate);
  timed(seconds_.logging, [&] { parts_.observer.on_evaluation(metrics); });
}

void TrainingLoop::save() {
  if (saved_step_ == parts_.state.step) return;
  saved_step_ = parts_.state.step;
  parts_.state.data = parts_.data.state();
  timed(seconds_.logging, [&] { parts_.observer.flush(); });
  timed(seconds_.checkpoints, parts_.save);
}

}  // namespace modernbert
