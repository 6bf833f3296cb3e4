// A packed micro-batch with what is to be predicted.
#pragma once

#include <cstdint>
#include <vector>

#include "modernbert/token_batch.h"

namespace modernbert {

inline constexpr int32_t kNotPredicted = -100;  // PyTorch's ignore_index

struct MaskedLmBatch {
  TokenBatch tokens;
  std::vector<int32_t> labels;  // [T] the original id where it is predicted, else kNotPredicted
};

}  // namespace modernbert
