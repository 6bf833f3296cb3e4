// StableAdamW and AdamW are equal, step by step, to optimi's and torch's (tests/training/optimizer compares
// them with stored cases). Muon follows Jordan's rule with the factor sqrt(max(R,C)) of Liu et al.
// (2025); their 0.2 before it, our default, gives its updates AdamW's usual size, so that one learning rate
// serves both kinds of tensors.
#include "training/optimizer/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/check.h"
#include "core/names.h"
#include "training/optimizer/adam_kernels.h"
#include "training/optimizer/newton_schulz.h"

namespace modernbert {
namespace {

// Elements that a thread takes at a time: four arrays of this length fit the L2 cache.
constexpr int64_t kPart = 1 << 15;

constexpr std::array kOptimizerKinds = {NamedValue<OptimizerKind>{"stableadamw", OptimizerKind::kStableAdamW},
                                        NamedValue<OptimizerKind>{"adamw", OptimizerKind::kAdamW},
                                        NamedValue<OptimizerKind>{"muon", OptimizerKind::kMuon}};

// The weight of the past in a running mean that is unbiased from the first step: 0 at t = 1, beta for large
// t.
double debiased(double beta, int64_t t) {
  const double power = std::pow(beta, static_cast<double>(t));
  return (power - beta) / (power - 1);
}

}  // namespace

OptimizerKind parse_optimizer(std::string_view name, std::string_view field) {
  return parse_name<OptimizerKind>(name, kOptimizerKinds, std::string(field));
}

std::string_view to_string(OptimizerKind kind) {
  return name_of<OptimizerKind>(kind, kOptimizerKinds);
}

Optimizer::Optimizer(const OptimizerConfig& config, std::vector<OptimizedTensor> tensors, int threads)
    : config_(config), tensors_(std::move(tensors)), threads_(threads) {
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const OptimizedTensor& tensor = tensors_[i];
    size_ = std::max(size_, tensor.offset + tensor.size);
    if (by_muon(tensor)) continue;
    for (int64_t done = 0; done < tensor.size; done += kPart)
      parts_.push_back({i, tensor.offset + done, std::min(kPart, tensor.size - done)});
  }
  for (AlignedBuffer<float>* moment : {&first_, &second_}) {
    moment->reserve(static_cast<size_t>(size_));
    std::fill_n(moment->data(), size_, 0.0f);
  }
}

bool Optimizer::by_muon(const OptimizedTensor& tensor) const {
  return config_.kind == OptimizerKind::kMuon && tensor.orthogonal;
}

double Optimizer::decay_factor(const OptimizedTensor& tensor, double rate) const {
  if (!tensor.decays) return 1;
  return 1 - (config_.decoupled_decay ? rate / config_.learning_rate : rate) * config_.weight_decay;
}

void Optimizer::step(std::span<float> values, std::span<const float> gradients, double rate,
                     double gradient_scale) {
  MB_CHECK(static_cast<int64_t>(values.size()) >= size_ && static_cast<int64_t>(gradients.size()) >= size_);
  ++steps_;
  const auto scale = static_cast<float>(gradient_scale);
  if (config_.kind == OptimizerKind::kStableAdamW) return step_stable(values, gradients, rate, scale);
  step_adamw(values, gradients, rate, scale);
  if (config_.kind == OptimizerKind::kMuon) step_muon(values, gradients, rate, scale);
}

void Optimizer::step_adamw(std::span<float> values, std::span<const float> gradients, double rate,
                           float scale) {
  const double correction1 = 1 - std::pow(config_.beta1, static_cast<double>(steps_));
  const double correction2 = 1 - std::pow(config_.beta2, static_cast<double>(steps_));
  AdamStep step{.gradient_scale = scale};
  step.keep1 = static_cast<float>(config_.beta1);
  step.take1 = static_cast<float>(1 - config_.beta1);
  step.keep2 = static_cast<float>(config_.beta2);
  step.take2 = static_cast<float>(1 - config_.beta2);
  step.rate = static_cast<float>(rate / correction1);
  step.root_correction = static_cast<float>(1 / std::sqrt(correction2));
  step.epsilon = static_cast<float>(config_.epsilon);
#pragma omp parallel for num_threads(threads_) schedule(static) firstprivate(step)
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    step.decay = static_cast<float>(decay_factor(tensors_[part.tensor], rate));
    adam_update(step, gradients.data() + part.offset, static_cast<size_t>(part.size),
                first_.data() + part.offset, second_.data() + part.offset, values.data() + part.offset);
  }
}

void Optimizer::step_stable(std::span<float> values, std::span<const float> gradients, double rate,
                            float scale) {
  const double keep1 = debiased(config_.beta1, steps_), keep2 = debiased(config_.beta2, steps_);
  AdamStep step{.gradient_scale = scale};
  step.keep1 = static_cast<float>(keep1);
  step.take1 = static_cast<float>(1 - keep1);
  step.keep2 = static_cast<float>(keep2);
  step.take2 = static_cast<float>(1 - keep2);
  step.epsilon = static_cast<float>(config_.epsilon);
  std::vector<double> part_sums(parts_.size()), tensor_sums(tensors_.size());
#pragma omp parallel for num_threads(threads_) schedule(static)
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    part_sums[i] = adam_moments(step, gradients.data() + part.offset, static_cast<size_t>(part.size),
                                first_.data() + part.offset, second_.data() + part.offset);
  }
  for (size_t i = 0; i < parts_.size(); ++i) tensor_sums[parts_[i].tensor] += part_sums[i];
#pragma omp parallel for num_threads(threads_) schedule(static) firstprivate(step)
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    const OptimizedTensor& tensor = tensors_[part.tensor];
    const double rms = std::sqrt(tensor_sums[part.tensor] / static_cast<double>(tensor.size));
    const double tensor_rate = rate / std::max(1.0, rms);
    step.decay = static_cast<float>(decay_factor(tensor, tensor_rate));
    step.rate = static_cast<float>(tensor_rate);
    adam_values(step, first_.data() + part.offset, second_.data() + part.offset,
                static_cast<size_t>(part.size), values.data() + part.offset);
  }
}

void Optimizer::step_muon(std::span<float> values, std::span<const float> gradients, double rate,
                          float scale) {
  const auto momentum = static_cast<float>(config_.muon_momentum);
  NewtonSchulzScratch scratch;
  std::vector<float> update;
  for (const OptimizedTensor& tensor : tensors_) {
    if (!by_muon(tensor)) continue;
    const int64_t cols = tensor.size / tensor.rows;
    update.resize(static_cast<size_t>(tensor.size));
    float* m = first_.data() + tensor.offset;
    const float* g = gradients.data() + tensor.offset;
    for (int64_t i = 0; i < tensor.size; ++i) {
      m[i] = momentum * m[i] + (1 - momentum) * (scale * g[i]);
      update[static_cast<size_t>(i)] = momentum * m[i] + (1 - momentum) * (scale * g[i]);  // Nesterov
    }
    orthogonalize({update.data(), tensor.rows, cols}, config_.muon_products, scratch);
    const double size = config_.muon_update * std::sqrt(static_cast<double>(std::max(tensor.rows, cols)));
    const auto step = static_cast<float>(rate * size), decay = static_cast<float>(decay_factor(tensor, rate));
    float* value = values.data() + tensor.offset;
    for (int64_t i = 0; i < tensor.size; ++i)
      value[i] = decay * value[i] - step * update[static_cast<size_t>(i)];
  }
}

}  // namespace modernbert
