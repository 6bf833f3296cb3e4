// Lanes are queries: Sᵀ = K Qᵀ is formed for 4 keys × a block of queries, weights are 2^s without a maximum
// (scores of trained models stay far below 2^7, and fp32's exponent holds them); a block whose row sums leave
// a safe range is done again relative to each row's maximum rounded to an integer, which changes the scale
// exactly and no other bit.
//
// Keys are visited in order and hidden keys add exact zeros, so blocking and band edges cannot change a
// result.
#include "ops/attention.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/attention_mask-inl.h"
#include "ops/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {

constexpr int64_t kKeyTile = 4;
// 4×4 accumulators where there are 32 registers, 4×2 where there are 16.
constexpr int64_t kTileVectors = kQueryLanes >= 16 ? 4 : 2;

// A block of up to kMaxRows queries of one head and the keys it can see.
struct Block {
  const AttentionHead& head;
  int64_t begin;  // first query
  int64_t rows;   // queries, a multiple of kQueryLanes (the last ones may be past L: computed, never stored)
  int64_t key_begin;
  int64_t key_end;
  const float* queries;  // [D, rows]
  float* weights;        // [kKeyBlock, rows]
  float* outputs;        // [rows, D]
  float sums[AttentionScratch::kMaxRows];
  int32_t shifts[AttentionScratch::kMaxRows];  // weights are 2^(s - shift)
};

// acc[r][v] = scores of key r against query vector v.   k: 4 rows; q: [D, stride], at the first vector.
template <int64_t kVectors>
HWY_INLINE void score_tile(const MatView<const float>& keys, int64_t key, const float* q, int64_t q_stride,
                           hn::Vec<QueryFloats> (&acc)[kKeyTile][kVectors]) {
  const float* k0 = keys.data + key * keys.stride;
  for (auto& row : acc) {
    for (auto& a : row) a = hn::Zero(kQueryFloats);
  }
  for (int64_t i = 0; i < keys.cols; ++i, q += q_stride) {
    hn::Vec<QueryFloats> qv[kVectors];
    for (int64_t v = 0; v < kVectors; ++v) qv[v] = hn::Load(kQueryFloats, q + v * kQueryLanes);
    for (int64_t r = 0; r < kKeyTile; ++r) {
      const auto kv = hn::Set(kQueryFloats, k0[r * keys.stride + i]);
      for (int64_t v = 0; v < kVectors; ++v) acc[r][v] = hn::MulAdd(kv, qv[v], acc[r][v]);
    }
  }
}

// Calls f(vector index, key row in tile, scores, sees_all) for the tile's scores.
template <class F>
HWY_INLINE void for_each_score(const Block& block, int64_t key, F f) {
  for (int64_t column = 0; column < block.rows; column += kTileVectors * kQueryLanes) {
    hn::Vec<QueryFloats> acc[kKeyTile][kTileVectors];
    score_tile<kTileVectors>(block.head.k, key, block.queries + column, block.rows, acc);
    const bool whole = all_see(block.begin + column, kTileVectors * kQueryLanes, key, kKeyTile,
                               block.head.visible, block.head.window);
    for (int64_t r = 0; r < kKeyTile; ++r) {
      for (int64_t v = 0; v < kTileVectors; ++v) f(column + v * kQueryLanes, r, acc[r][v], whole);
    }
  }
}

// weights[key][query] = 2^(score - shift), 0 where hidden; adds them to the row sums in key order.
HWY_INLINE void weigh_keys(Block& block, int64_t key, float* weights) {
  for_each_score(block, key, [&](int64_t column, int64_t r, hn::Vec<QueryFloats> score, bool whole) HWY_ATTR {
    const auto shift = hn::LoadU(kQueryInts, block.shifts + column);
    auto weight = exp2_shifted(kQueryFloats, score, shift);
    if (!whole) {
      const auto hidden =
          hidden_queries(block.begin + column, key + r, block.head.visible, block.head.window);
      weight = hn::IfThenZeroElse(hn::RebindMask(kQueryFloats, hidden), weight);
    }
    hn::Store(weight, kQueryFloats, weights + r * block.rows + column);
    hn::StoreU(hn::Add(hn::LoadU(kQueryFloats, block.sums + column), weight), kQueryFloats,
               block.sums + column);
  });
}

// outputs[rows, D] += weightsᵀ[rows, keys] · v[keys, D] for kVectors vectors of columns.
template <int64_t kVectors>
HWY_INLINE void accumulate_columns(const Block& block, int64_t key, int64_t keys, int64_t column) {
  constexpr int64_t kRows = 4;
  const MatView<const float>& values = block.head.v;
  for (int64_t row = 0; row < block.rows; row += kRows) {
    float* out = block.outputs + row * values.cols + column;
    hn::Vec<QueryFloats> acc[kRows][kVectors];
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t v = 0; v < kVectors; ++v)
        acc[r][v] = hn::Load(kQueryFloats, out + r * values.cols + v * kQueryLanes);
    }
    const float* value = values.data + key * values.stride + column;
    const float* weight = block.weights + row;
    for (int64_t j = 0; j < keys; ++j, value += values.stride, weight += block.rows) {
      hn::Vec<QueryFloats> vv[kVectors];
      for (int64_t v = 0; v < kVectors; ++v) vv[v] = hn::LoadU(kQueryFloats, value + v * kQueryLanes);
      for (int64_t r = 0; r < kRows; ++r) {
        const auto w = hn::Set(kQueryFloats, weight[r]);
        for (int64_t v = 0; v < kVectors; ++v) acc[r][v] = hn::MulAdd(w, vv[v], acc[r][v]);
      }
    }
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t v = 0; v < kVectors; ++v)
        hn::Store(acc[r][v], kQueryFloats, out + r * values.cols + v * kQueryLanes);
    }
  }
}

HWY_NOINLINE void accumulate_values(const Block& block, int64_t key, int64_t keys) {
  const int64_t cols = block.head.v.cols;
  int64_t column = 0;
  for (; column + kTileVectors * kQueryLanes <= cols; column += kTileVectors * kQueryLanes) {
    accumulate_columns<kTileVectors>(block, key, keys, column);
  }
  for (; column < cols; column += kQueryLanes) accumulate_columns<1>(block, key, keys, column);
}

HWY_NOINLINE void run_pass(Block& block) {
  std::fill_n(block.sums, block.rows, 0.0f);
  std::fill_n(block.outputs, block.rows * block.head.v.cols, 0.0f);
  for (int64_t key = block.key_begin; key < block.key_end; key += AttentionScratch::kKeyBlock) {
    const int64_t keys = std::min(AttentionScratch::kKeyBlock, block.key_end - key);
    for (int64_t j = 0; j < keys; j += kKeyTile) weigh_keys(block, key + j, block.weights + j * block.rows);
    accumulate_values(block, key, keys);
  }
}

// The row maxima, rounded up; 0 where a row sees no key.
HWY_NOINLINE void set_shifts_to_maxima(Block& block) {
  float maxima[AttentionScratch::kMaxRows];
  std::fill_n(maxima, block.rows, -INFINITY);
  for (int64_t key = block.key_begin; key < block.key_end; key += kKeyTile) {
    for_each_score(block, key, [&](int64_t column, int64_t r, hn::Vec<QueryFloats> score, bool) HWY_ATTR {
      const auto hidden = hn::RebindMask(
          kQueryFloats, hidden_queries(block.begin + column, key + r, block.head.visible, block.head.window));
      const auto old = hn::LoadU(kQueryFloats, maxima + column);
      hn::StoreU(hn::IfThenElse(hidden, old, hn::Max(old, score)), kQueryFloats, maxima + column);
    });
  }
  for (int64_t i = 0; i < block.rows; ++i) block.shifts[i] = softmax_shift(maxima[i]);
}

HWY_INLINE bool sums_are_safe(const Block& block, int64_t valid_rows) {
  return std::all_of(block.sums, block.sums + valid_rows,
                     [](float sum) { return sum >= 0x1p-60f && sum <= 0x1p100f; });
}

HWY_INLINE void transpose_queries(const AttentionHead& head, int64_t begin, int64_t rows, float* out) {
  const int64_t valid = std::min(rows, head.q.rows - begin);
  for (int64_t r = 0; r < valid; ++r) {
    const float* q = head.q.row_data(begin + r);
    for (int64_t i = 0; i < head.q.cols; ++i) out[i * rows + r] = q[i];
  }
  for (int64_t r = valid; r < rows; ++r) {
    for (int64_t i = 0; i < head.q.cols; ++i) out[i * rows + r] = 0.0f;
  }
}

// out = outputs / sums; rows without a visible key have sum 0 and become 0.
HWY_INLINE void store_outputs(const Block& block, int64_t valid_rows, MatView<float> out) {
  for (int64_t r = 0; r < valid_rows; ++r) {
    const float scale = block.sums[r] == 0.0f ? 0.0f : 1.0f / block.sums[r];
    const float* from = block.outputs + r * block.head.v.cols;
    float* to = out.row_data(r);
    for (int64_t i = 0; i < out.cols; ++i) to[i] = from[i] * scale;
  }
}

void run_block(const AttentionHead& head, int64_t begin, int64_t rows, int64_t key_begin, int64_t key_end,
               AttentionScratch& scratch, MatView<float> out) {
  const int64_t valid_rows = std::min(rows, head.q.rows - begin);
  float* queries = scratch.queries(head.q.cols);
  transpose_queries(head, begin, rows, queries);
  Block block{head, begin, rows, key_begin, key_end, queries, scratch.weights(), scratch.outputs(head.v.cols),
              {},   {}};
  run_pass(block);
  if (!sums_are_safe(block, valid_rows)) {
    set_shifts_to_maxima(block);
    run_pass(block);
  }
  store_outputs(block, valid_rows, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {
namespace {

HWY_EXPORT(run_block);

struct KeyRange {
  int64_t begin;  // a multiple of 4
  int64_t end;    // a multiple of 4, may pass L by up to 3
};

KeyRange keys_of_block(int64_t visible, int64_t window, int64_t query_begin, int64_t rows) {
  int64_t begin = 0, end = visible;
  if (window >= 0) {
    begin = std::max<int64_t>(0, query_begin - window) / 4 * 4;
    end = std::min(end, query_begin + rows + window);
  }
  return {begin, std::max(begin, (end + 3) / 4 * 4)};
}

}  // namespace

// Narrow bands waste fewer products with smaller blocks.
int64_t attention_block_rows(int64_t window) {
  return window >= 0 && window < 512 ? 32 : AttentionScratch::kMaxRows;
}

int64_t attention_block_keys(int64_t visible, int64_t window, int64_t query_begin, int64_t rows) {
  const KeyRange keys = keys_of_block(visible, window, query_begin, rows);
  return keys.end - keys.begin;
}

void attention_block(const AttentionHead& head, int64_t query_begin, AttentionScratch& scratch,
                     MatView<float> out) {
  MB_DCHECK(head.q.cols % kAttentionLanes == 0 && head.v.cols == head.q.cols && head.k.cols == head.q.cols);
  const int64_t block_rows = attention_block_rows(head.window);
  MB_DCHECK(query_begin % block_rows == 0);
  const KeyRange keys = keys_of_block(head.visible, head.window, query_begin, block_rows);
  HWY_DYNAMIC_DISPATCH(run_block)(head, query_begin, block_rows, keys.begin, keys.end, scratch, out);
}

}  // namespace modernbert
#endif
