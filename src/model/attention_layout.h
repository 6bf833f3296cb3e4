// Where q, k and v of a packed batch live while attention runs: per head, every sequence starting at a
// multiple of 16 or 32 rows; padding is zero.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "modernbert/token_batch.h"
#include "ops/attention/attention.h"
#include "ops/attention/attention_amx.h"
#include "ops/attention/attention_panel.h"
#include "ops/attention/rope.h"
#include "ops/rowwise/rows.h"

namespace modernbert {

// Neighbouring blocks of queries of one head of one sequence: the unit of parallel work.
struct AttentionItem {
  int32_t sequence;
  int32_t head;
  int32_t query_begin;
  int32_t query_end;
  int64_t cost;  // keys visited, by block
};

// Scratch of one thread.
struct AttentionThreadScratch {
  AttentionScratch portable;
  std::vector<float> outputs;  // [block rows, head_dim] of the portable kernel
  PanelAttentionScratch panel;
  AmxAttentionScratch amx;
};

enum class QkvPart { kQuery, kKey, kValue };

struct Rotation {
  const RopeTable* table;              // null: none
  std::span<const int32_t> positions;  // [T]
  float query_scale;                   // head_dim^-0.5 * log2(e): attention works with powers of two

  int64_t position(int64_t token) const { return positions[static_cast<size_t>(token)]; }
  std::span<const float> cos(int64_t token) const { return row(table->cos, token); }
  std::span<const float> sin(int64_t token) const { return row(table->sin, token); }

 private:
  std::span<const float> row(const std::vector<float>& values, int64_t token) const {
    const auto half = static_cast<size_t>(table->half_dim);
    return {values.data() + static_cast<size_t>(position(token)) * half, half};
  }
};

// Reused between forward passes; grows to the largest batch. store may be called by many threads at once for
// different tokens, attend for different items.
class AttentionLayout {
 public:
  // type: of the factors; kBf16 only where the CPU and the head size have a kernel for it, kFp32 otherwise.
  static std::unique_ptr<AttentionLayout> make(int64_t heads, int64_t head_dim, RowType type);
  virtual ~AttentionLayout() = default;

  // Lays out a batch and zeroes the padding rows.
  void prepare(const TokenBatch& batch);
  // Work items for a layer with this window, most expensive first.   batch: the prepared one.
  void list_items(const TokenBatch& batch, int64_t window, int threads,
                  std::vector<AttentionItem>& items) const;

  // Rows of one head of neighbouring tokens, from `token` on: queries and keys are rotated on the way,
  // queries scaled.   rows: [R, head_dim].
  virtual void store(QkvPart part, int64_t head, int64_t token, MatView<const float> rows,
                     const Rotation& rotation) = 0;
  // Writes the item's columns [head*head_dim, +head_dim) of its tokens' rows.   context: [T,H].
  virtual void attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
                      AttentionThreadScratch& scratch, RowBuffer& context) const = 0;

 protected:
  // row_multiple: rows that the kernel takes together; every sequence starts at a multiple of it.
  AttentionLayout(int64_t heads, int64_t head_dim, int64_t row_multiple = kAttentionLanes)
      : heads_(heads), head_dim_(head_dim), row_multiple_(row_multiple) {}
  int64_t head_dim() const { return head_dim_; }
  // Rows of all heads: head h's row r is number h * padded_rows() + r.
  int64_t padded_rows() const { return padded_rows_; }
  int64_t row_number(int64_t head, int64_t row) const { return head * padded_rows_ + row; }
  int64_t first_row(int32_t sequence) const { return sequence_row_[static_cast<size_t>(sequence)]; }
  int64_t row_of_token(int64_t token) const { return row_of_token_[static_cast<size_t>(token)]; }

 private:
  // Room for `rows` rows of q, k and v.
  virtual void reserve(int64_t rows) = 0;
  virtual void clear_key_and_value(int64_t row_number) = 0;
  virtual int64_t block_rows() const = 0;

  int64_t padded_length(const TokenBatch& batch, int32_t sequence) const;

  int64_t heads_, head_dim_, row_multiple_;
  int64_t padded_rows_ = 0;
  std::vector<int64_t> sequence_row_;  // [B] first padded row of each sequence
  std::vector<int64_t> row_of_token_;  // [T]
};

}  // namespace modernbert
