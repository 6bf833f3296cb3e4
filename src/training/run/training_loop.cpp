#include "training/run/training_loop.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/fail.h"
#include "core/random.h"
#include "training/optimizer/gradient_norm.h"
#include "training/run/shared_start.h"

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
  struct Own {
    uint64_t number = 0;  // in the step, over all processes
    MaskedLmBatch batch;
  };
  Json data_before;
  std::vector<Own> list;  // of this process
  size_t rounds = 0;      // the most that any process has
  int64_t tokens = 0;     // of all processes
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
    if (!step(stop)) {
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
  if (anyone_stops(stop)) return false;
  Batches batches = timed(seconds_.data, [&] { return read_batches(); });
  count_together(batches);
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
    std::optional<MaskedLmBatch> batch = parts_.data.next();
    if (!batch) continue;
    batches.tokens += batch->real_tokens();
    batches.labels += labels_of(*batch);
    batches.list.push_back({static_cast<uint64_t>(i), std::move(*batch)});
  }
  batches.rounds = static_cast<size_t>((count + parts_.processes.size() - 1) / parts_.processes.size());
  return batches;
}

void TrainingLoop::count_together(Batches& batches) {
  std::array<double, 2> counts = {static_cast<double>(batches.tokens), static_cast<double>(batches.labels)};
  parts_.processes.sum(counts);
  batches.tokens = static_cast<int64_t>(counts[0]);
  batches.labels = static_cast<int64_t>(counts[1]);
}

bool TrainingLoop::anyone_stops(const std::atomic<int>& stop) {
  double signals = stop;
  parts_.processes.sum(std::span(&signals, 1));
  return signals != 0;
}

// All processes go from round to round together. One without a micro-batch in the last round has its
// gradients ready at once.
bool TrainingLoop::accumulate(const Batches& batches, const std::atomic<int>& stop, LossTerms& sum) {
  GradientExchange exchange(parts_.processes, recipe_.distributed, parts_.gradients.values());
  const FinalGradients final_from = [&](int64_t offset) { exchange.final_from(offset); };
  for (size_t round = 0; round < batches.rounds; ++round) {
    if (round > 0 && anyone_stops(stop)) return false;
    if (round >= batches.list.size()) continue;
    const bool last = round + 1 == batches.rounds && parts_.processes.size() > 1;
    sum += run_batch(batches, round, last ? final_from : FinalGradients());
  }
  timed(seconds_.waiting, [&] { exchange.finish(); });
  sum = sum_of_all(parts_.processes, sum);
  return true;
}

LossTerms TrainingLoop::run_batch(const Batches& batches, size_t index, const FinalGradients& final_from) {
  // Every label of the step weighs the same, however the step is divided.
  const double scale = 1.0 / static_cast<double>(std::max<int64_t>(1, batches.labels));
  const uint64_t key = random_hash(recipe_.seed, static_cast<uint64_t>(parts_.state.step));
  const Batches::Own& own = batches.list[index];
  return parts_.model.forward_backward(own.batch, scale, random_hash(key, own.number), parts_.gradients,
                                       final_from);
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
    for (const Batches::Own& own : batches.list) flops += parts_.step_flops(own.batch);
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
