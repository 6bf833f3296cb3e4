// Where q, k and v of a packed batch live while attention runs: per head, every sequence starting at a
// multiple of 16 rows, rows of head_dim padded to 16 columns; padding is zero.
#pragma once

#include <cstdint>
#include <vector>

#include "modernbert/token_batch.h"
#include "ops/attention.h"
#include "tensor/matrix.h"

namespace modernbert {

// One block of queries of one head of one sequence: the unit of parallel work.
struct AttentionItem {
  int32_t sequence;
  int32_t head;
  int32_t query_begin;
  int64_t cost;
};

// Reused between forward passes; grows to the largest batch.
class AttentionLayout {
 public:
  AttentionLayout(int64_t heads, int64_t head_dim);

  // Lays out a batch and zeroes the padding rows.
  void prepare(const TokenBatch& batch);
  // Work items for a layer with this window, most expensive first.   batch: the prepared one.
  void list_items(const TokenBatch& batch, int64_t window, std::vector<AttentionItem>& items) const;

  int64_t row_of_token(int64_t token) const { return row_of_token_[static_cast<size_t>(token)]; }
  float* q(int64_t head, int64_t row) { return at(q_, head, row); }
  float* k(int64_t head, int64_t row) { return at(k_, head, row); }
  float* v(int64_t head, int64_t row) { return at(v_, head, row); }
  AttentionHead head(const TokenBatch& batch, int64_t sequence, int64_t head, int64_t window);

 private:
  float* at(AlignedBuffer<float>& buffer, int64_t head, int64_t row) {
    return buffer.data() + (head * padded_rows_ + row) * padded_dim_;
  }
  void reserve();

  int64_t heads_, padded_dim_;
  int64_t padded_rows_ = 0;
  std::vector<int64_t> sequence_row_;  // [B] first padded row of each sequence
  std::vector<int64_t> row_of_token_;  // [T]
  AlignedBuffer<float> q_, k_, v_;     // [heads, padded_rows, padded_dim]
};

}  // namespace modernbert
