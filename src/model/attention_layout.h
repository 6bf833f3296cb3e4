// Where q, k and v of a packed batch live while attention runs: per head, every sequence starting at a
// multiple of 16 rows; padding is zero. Two element layouts: floats for the portable kernel, pairs of bf16
// for the bf16 one.
#pragma once

#include <cstdint>
#include <vector>

#include "modernbert/token_batch.h"
#include "ops/attention.h"
#include "ops/attention_bf16.h"
#include "tensor/matrix.h"

namespace modernbert {

// One block of queries of one head of one sequence: the unit of parallel work.
struct AttentionItem {
  int32_t sequence;
  int32_t head;
  int32_t query_begin;
  int64_t cost;
};

// Scratch of one thread.
struct AttentionThreadScratch {
  AttentionScratch fp32;
  Bf16AttentionScratch bf16;
};

enum class QkvPart { kQuery, kKey, kValue };

// Reused between forward passes; grows to the largest batch. store may be called by many threads at once for
// different rows, attend for different items.
class AttentionLayout {
 public:
  // uses_bf16: factors are rounded to bf16 where the CPU and the head size have a kernel for it.
  AttentionLayout(int64_t heads, int64_t head_dim, bool uses_bf16);

  // Lays out a batch and zeroes the padding rows.
  void prepare(const TokenBatch& batch);
  // Work items for a layer with this window, most expensive first.   batch: the prepared one.
  void list_items(const TokenBatch& batch, int64_t window, std::vector<AttentionItem>& items) const;

  // values: [head_dim] of a token's query (rotated, scaled by head_dim^-0.5 log2 e), key (rotated) or value.
  void store(QkvPart part, int64_t head, int64_t token, std::span<const float> values);
  // out: [L, head_dim] of the item's sequence and head; the item's rows are written.
  void attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
              AttentionThreadScratch& scratch, MatView<float> out) const;

 private:
  void store_bf16(QkvPart part, int64_t head, int64_t row, std::span<const float> values);
  // Word of a head's row in q and k (and, in the float layout, v).
  size_t word(int64_t head, int64_t row) const {
    return static_cast<size_t>((head * padded_rows_ + row) * row_words_);
  }
  // Word of a pair of rows in v in the bf16 layout.
  size_t value_pair(int64_t head, int64_t row) const {
    return static_cast<size_t>((head * padded_rows_ + row) / 2 * kBf16HeadDim);
  }
  void clear_rows(int64_t head, int64_t begin, int64_t count);

  int64_t heads_;
  bool uses_bf16_;
  int64_t row_words_;  // 32-bit words of a row, padding included
  int64_t padded_rows_ = 0;
  std::vector<int64_t> sequence_row_;  // [B] first padded row of each sequence
  std::vector<int64_t> row_of_token_;  // [T]
  AlignedBuffer<uint32_t> q_, k_, v_;  // [heads, padded_rows, row_words]
};

}  // namespace modernbert
