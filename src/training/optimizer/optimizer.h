// Optimisers over flat blocks of parameters, gradients and moments.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/matrix.h"
#include "training/optimizer/optimizer_config.h"

namespace modernbert {

// One tensor's place in the blocks and how it is treated.
struct OptimizedTensor {
  int64_t offset = 0;  // floats
  int64_t size = 0;
  int64_t rows = 1;  // of the matrix that Muon makes orthogonal
  bool decays = false;
  bool orthogonal = false;  // a matrix of a layer, for Muon
};

// The same bits for any number of threads: sums run over parts of fixed size. Not thread-safe.
class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, std::vector<OptimizedTensor> tensors, int threads);

  // One step.   values: overwritten in place.   gradients: multiplied by gradient_scale on the way.   rate:
  // of this step, the schedule included.   Both blocks hold every tensor at its offset.
  void step(std::span<float> values, std::span<const float> gradients, double rate, double gradient_scale);

  int64_t steps() const { return steps_; }
  const OptimizerConfig& config() const { return config_; }
  // The state, for checkpoints: one value for each element of the block. A checkpoint restores all three.
  std::span<float> first_moment() { return {first_.data(), static_cast<size_t>(size_)}; }
  std::span<float> second_moment() { return {second_.data(), static_cast<size_t>(size_)}; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  // Part of a tensor that one thread treats at a time.
  struct Part {
    size_t tensor;
    int64_t offset;
    int64_t size;
  };
  void step_adamw(std::span<float> values, std::span<const float> gradients, double rate, float scale);
  void step_stable(std::span<float> values, std::span<const float> gradients, double rate, float scale);
  void step_muon(std::span<float> values, std::span<const float> gradients, double rate, float scale);
  bool by_muon(const OptimizedTensor& tensor) const;
  // What a tensor's values are multiplied by before the update.
  double decay_factor(const OptimizedTensor& tensor, double rate) const;

  OptimizerConfig config_;
  std::vector<OptimizedTensor> tensors_;
  std::vector<Part> parts_;  // of the tensors that Muon leaves alone
  int threads_ = 1;
  int64_t size_ = 0;
  int64_t steps_ = 0;
  AlignedBuffer<float> first_, second_;
};

}  // namespace modernbert
