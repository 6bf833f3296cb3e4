// Batch-size warmup: small batches first, larger ones step by step, about as many optimiser steps at every
// size.
#pragma once

#include <cstdint>
#include <vector>

namespace modernbert {

// Sizes are in micro-batches, as in the ModernBERT recipe (base: 8, 16, … 48 of 96 sequences on 8 devices is
// 1 … 6 on each).
class BatchWarmup {
 public:
  // No warmup: always `size`.
  explicit BatchWarmup(int64_t size) : max_(size) {}
  // From `min` to `max` over `tokens`; size b ends after tokens * (min + … + b) / (min + … + max-1) tokens,
  // rounded up. min <= max.
  BatchWarmup(int64_t min, int64_t max, int64_t tokens);

  // Micro-batches of the next step after so many tokens.
  int64_t size_at(int64_t tokens) const;
  // Steps that a run of `total` tokens takes when a micro-batch has `tokens_per_micro_batch`.
  int64_t count_steps(int64_t total, int64_t tokens_per_micro_batch) const;

 private:
  int64_t max_ = 1;
  std::vector<int64_t> ends_;  // tokens at which each size below max_ ends
};

}  // namespace modernbert
