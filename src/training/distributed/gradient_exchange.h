// Gradients summed over all processes in buckets, while the backward pass still computes the next ones.
#pragma once

#include <cstdint>
#include <span>

#include "training/distributed/communicator.h"
#include "training/recipe/recipe.h"

namespace modernbert {

// One per step. The buckets of a step are the same in every process, from the end of the block to its begin,
// so it does not matter which of its gradients a process has finished when.
class GradientExchange {
 public:
  // gradients: the whole block, in the order of the forward pass; referred to.
  GradientExchange(Communicator& processes, const DistributedRecipe& recipe, std::span<float> gradients);
  // Gives up for the whole process if sums are still under way.
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  // Gradients from `offset` on will not change any more: starts the buckets that are complete.
  void final_from(int64_t offset);
  // All gradients are final. Returns when they are sums over all processes.
  void finish();

 private:
  Communicator& processes_;
  WireType wire_;
  int64_t bucket_;  // floats
  std::span<float> gradients_;
  int64_t not_started_;  // gradients before this offset
  bool under_way_ = false;
};

}  // namespace modernbert
