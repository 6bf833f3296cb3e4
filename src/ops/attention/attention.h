// Softmax attention of one head over one sequence, flash style: no L×L buffer, banded where a window is
// given.
#pragma once

#include <cmath>
#include <cstdint>

#include "tensor/matrix.h"

namespace modernbert {

// One head of one sequence.
struct AttentionHead {
  // [L, D] views, rows may be strided; D is a multiple of kAttentionLanes (zero-padded), and up to
  // kAttentionLanes rows past L are read: they must be finite.
  MatView<const float> q;  // rotated and multiplied by head_dim^-0.5 * log2(e), so that weights are 2^(q·k)
  MatView<const float> k;
  MatView<const float> v;
  int64_t visible = 0;  // only keys j < visible count
  int64_t window = -1;  // only keys with |i-j| <= window count; -1 = all
};

// Row padding of k and v and column padding of q, k and v.
inline constexpr int64_t kAttentionLanes = 16;

// Queries that one call of attention_block handles; a block's bits depend on nothing but its own sequence.
inline constexpr int64_t kAttentionBlockRows = 48;
// Keys are visited by as many.
inline constexpr int64_t kAttentionKeyMultiple = 6;

// Keys that a block of queries visits: its cost, to balance work among threads.
int64_t attention_block_keys(int64_t visible, int64_t window, int64_t query_begin, int64_t rows);

// The integer that a row of scores with this maximum is shifted by; 0 where the row sees no key.
inline int32_t softmax_shift(float maximum) {
  return std::fabs(maximum) < 1e6f ? static_cast<int32_t>(std::ceil(maximum)) : 0;
}

// Scratch of one thread.
class AttentionScratch {
 public:
  static constexpr int64_t kKeyBlock = 60;  // keys between two visits of the outputs
  float* queries(int64_t dim) { return reserve(queries_, kAttentionBlockRows * dim); }  // [D, rows]
  float* weights() { return weights_.row(0).data(); }                                   // [keys, rows]
  float* outputs(int64_t dim) { return reserve(outputs_, kAttentionBlockRows * dim); }  // [rows, D]

 private:
  static float* reserve(AlignedBuffer<float>& buffer, int64_t count) {
    buffer.reserve(static_cast<size_t>(count));
    return buffer.data();
  }
  AlignedBuffer<float> queries_, outputs_;
  // Zero at first: groups of queries may reach past those that have weights, where numbers must be finite.
  Matrix weights_{kKeyBlock, kAttentionBlockRows};
};

// out = softmax over the visible keys times v, for rows [query_begin, query_begin + 48) of the head as far as
// there are; 0 where no key is visible.   out: [rows of the block, head_dim].   query_begin: a multiple of
// kAttentionBlockRows.
void attention_block(const AttentionHead& head, int64_t query_begin, AttentionScratch& scratch,
                     MatView<float> out);

namespace ref {
// All rows. q as above; double accumulators, the true maximum subtracted.
void attention(const AttentionHead& head, MatView<float> out);
}  // namespace ref

}  // namespace modernbert
