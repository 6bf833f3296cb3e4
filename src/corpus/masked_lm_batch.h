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
  int64_t padding = 0;          // of the T tokens: [PAD] that only fills a row (RowPacking::kPadded)

  int64_t real_tokens() const { return tokens.tokens() - padding; }
};

}  // namespace modernbert
