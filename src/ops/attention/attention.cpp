// Lanes are queries: Sᵀ = K Qᵀ is formed for a few keys × a few vectors of queries, weights are 2^s without a
// maximum (scores of trained models stay far below 2^7, and fp32's exponent holds them); a block whose row
// sums leave a safe range is done again relative to each row's maximum rounded to an integer, which changes
// the scale exactly and no other bit.
//
// Keys are visited in order and hidden keys add exact zeros, so blocking and band edges cannot change a
// result.
#include "ops/attention/attention.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention/attention.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/attention/attention_mask-inl.h"
#include "ops/vector/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {

// The sums of a tile's scores, its queries and one factor fit 16 registers, or the 32 that AVX-512 has.
constexpr int64_t kTileKeys = kAttentionKeyMultiple;
constexpr int64_t kTileVectors = kQueryLanes >= 16 ? 3 : 2;
constexpr int64_t kTileQueries = kTileVectors * kQueryLanes;
constexpr int64_t kBlockRows = kAttentionBlockRows;
static_assert(kBlockRows % kTileQueries == 0);

// Scores of a tile's keys and queries.
struct Tile {
  HWY_ALIGN float scores[kTileKeys][kTileQueries];
};

// A block of queries of one head and the keys it can see.
struct Block {
  const AttentionHead& head;
  int64_t begin;      // first query
  int64_t rows;       // queries in whole tiles; the last ones may be past L: computed, never stored
  int64_t key_begin;  // multiples of kAttentionKeyMultiple
  int64_t key_end;
  const float* queries;  // [D, kBlockRows]
  float* weights;        // [kKeyBlock, kBlockRows]
  float* outputs;        // [kBlockRows, D]
  float sums[kBlockRows];
  float shifts[kBlockRows];  // whole numbers; weights are 2^(s - shift)
};

// Keys [key, key + kTileKeys) against the queries of the block from `column` on.
HWY_INLINE void score_tile(const Block& block, int64_t key, int64_t column, Tile& tile) {
  const MatView<const float>& keys = block.head.k;
  const float* first_key = keys.data + key * keys.stride;
  const float* queries = block.queries + column;
  hn::Vec<QueryFloats> sums[kTileKeys][kTileVectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(kQueryFloats);
  }
  for (int64_t i = 0; i < keys.cols; ++i, queries += kBlockRows) {
    hn::Vec<QueryFloats> q[kTileVectors];
    for (int64_t v = 0; v < kTileVectors; ++v) q[v] = hn::Load(kQueryFloats, queries + v * kQueryLanes);
    for (int64_t r = 0; r < kTileKeys; ++r) {
      const auto k = hn::Set(kQueryFloats, first_key[r * keys.stride + i]);
      for (int64_t v = 0; v < kTileVectors; ++v) sums[r][v] = hn::MulAdd(q[v], k, sums[r][v]);
    }
  }
  for (int64_t r = 0; r < kTileKeys; ++r) {
    for (int64_t v = 0; v < kTileVectors; ++v)
      hn::Store(sums[r][v], kQueryFloats, tile.scores[r] + v * kQueryLanes);
  }
}

// 2^(score - shift), exact in the shift whatever the score: 0 below 2^-126, infinity above 2^127. NaN for NaN
// and for infinite scores.
HWY_INLINE hn::Vec<QueryFloats> weight_of(hn::Vec<QueryFloats> score, hn::Vec<QueryFloats> shift) {
  const auto whole = hn::Round(score);
  const auto power = exp2_fraction(kQueryFloats, hn::Sub(score, whole));
  const auto bounded =
      hn::Min(hn::Max(hn::Sub(whole, shift), hn::Set(kQueryFloats, -127.0f)), hn::Set(kQueryFloats, 128.0f));
  const auto exponent = hn::Add(hn::ConvertTo(kQueryInts, bounded), hn::Set(kQueryInts, 127));
  return hn::Mul(power, hn::BitCast(kQueryFloats, hn::ShiftLeft<23>(exponent)));
}

// weights[key][query] of a tile, 0 where hidden; adds them to the row sums in key order.
HWY_INLINE void weigh_tile(Block& block, int64_t key, int64_t column, float* weights) {
  const AttentionHead& head = block.head;
  Tile tile;
  score_tile(block, key, column, tile);
  const bool whole = all_see(block.begin + column, kTileQueries, key, kTileKeys, head.visible, head.window);
  for (int64_t v = 0; v < kTileVectors; ++v) {
    const int64_t lane = column + v * kQueryLanes;
    const auto shift = hn::LoadU(kQueryFloats, block.shifts + lane);
    auto sum = hn::LoadU(kQueryFloats, block.sums + lane);
    for (int64_t r = 0; r < kTileKeys; ++r) {
      auto weight = weight_of(hn::Load(kQueryFloats, tile.scores[r] + v * kQueryLanes), shift);
      if (!whole) {
        const auto hidden = hidden_queries(block.begin + lane, key + r, head.visible, head.window);
        weight = hn::IfThenZeroElse(hn::RebindMask(kQueryFloats, hidden), weight);
      }
      hn::Store(weight, kQueryFloats, weights + r * kBlockRows + lane);
      sum = hn::Add(sum, weight);
    }
    hn::StoreU(sum, kQueryFloats, block.sums + lane);
  }
}

HWY_NOINLINE void weigh_keys(Block& block, int64_t key, int64_t keys) {
  for (int64_t column = 0; column < block.rows; column += kTileQueries) {
    for (int64_t j = 0; j < keys; j += kTileKeys) {
      float* weights = block.weights + j * kBlockRows;
      if (any_sees(block.begin + column, kTileQueries, key + j, kTileKeys, block.head.visible,
                   block.head.window)) {
        weigh_tile(block, key + j, column, weights);
      } else {
        for (int64_t r = 0; r < kTileKeys; ++r)
          std::fill_n(weights + r * kBlockRows + column, kTileQueries, 0.0f);
      }
    }
  }
}

// outputs of kRows queries += weightsᵀ · v[keys, D] for kVectors vectors of columns.
constexpr int64_t kRows = 6;

template <int64_t kVectors>
HWY_INLINE void accumulate_rows(const Block& block, int64_t row, const float* weights, const float* values,
                                int64_t keys, float* out) {
  const int64_t cols = block.head.v.cols, stride = block.head.v.stride;
  hn::Vec<QueryFloats> sums[kRows][kVectors];
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t v = 0; v < kVectors; ++v)
      sums[r][v] = hn::Load(kQueryFloats, out + (row + r) * cols + v * kQueryLanes);
  }
  for (int64_t j = 0; j < keys; ++j, values += stride, weights += kBlockRows) {
    hn::Vec<QueryFloats> value[kVectors];
    for (int64_t v = 0; v < kVectors; ++v) value[v] = hn::LoadU(kQueryFloats, values + v * kQueryLanes);
    for (int64_t r = 0; r < kRows; ++r) {
      const auto weight = hn::Set(kQueryFloats, weights[row + r]);
      for (int64_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(value[v], weight, sums[r][v]);
    }
  }
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t v = 0; v < kVectors; ++v)
      hn::Store(sums[r][v], kQueryFloats, out + (row + r) * cols + v * kQueryLanes);
  }
}

// Each group of queries over those of the keys [key, key + keys) that any of them sees.
template <int64_t kVectors>
HWY_INLINE void accumulate_columns(const Block& block, int64_t key, int64_t keys, int64_t column) {
  const AttentionHead& head = block.head;
  for (int64_t row = 0; row < block.rows; row += kRows) {
    int64_t first = key, last = std::min(key + keys, head.visible);
    if (head.window >= 0) {
      first = std::max(first, block.begin + row - head.window);
      last = std::min(last, block.begin + row + kRows + head.window);
    }
    if (first >= last) continue;
    accumulate_rows<kVectors>(block, row, block.weights + (first - key) * kBlockRows,
                              head.v.data + first * head.v.stride + column, last - first,
                              block.outputs + column);
  }
}

HWY_NOINLINE void accumulate_values(const Block& block, int64_t key, int64_t keys) {
  const int64_t cols = block.head.v.cols;
  int64_t column = 0;
  for (; column + 2 * kQueryLanes <= cols; column += 2 * kQueryLanes)
    accumulate_columns<2>(block, key, keys, column);
  for (; column < cols; column += kQueryLanes) accumulate_columns<1>(block, key, keys, column);
}

HWY_NOINLINE void run_pass(Block& block) {
  std::fill_n(block.sums, kBlockRows, 0.0f);
  std::fill_n(block.outputs, kBlockRows * block.head.v.cols, 0.0f);
  for (int64_t key = block.key_begin; key < block.key_end; key += AttentionScratch::kKeyBlock) {
    const int64_t keys = std::min(AttentionScratch::kKeyBlock, block.key_end - key);
    weigh_keys(block, key, keys);
    accumulate_values(block, key, keys);
  }
}

HWY_INLINE void raise_maxima(const Block& block, int64_t key, int64_t column, float* maxima) {
  Tile tile;
  score_tile(block, key, column, tile);
  for (int64_t v = 0; v < kTileVectors; ++v) {
    const int64_t lane = column + v * kQueryLanes;
    auto maximum = hn::LoadU(kQueryFloats, maxima + lane);
    for (int64_t r = 0; r < kTileKeys; ++r) {
      const auto hidden = hidden_queries(block.begin + lane, key + r, block.head.visible, block.head.window);
      const auto score = hn::Load(kQueryFloats, tile.scores[r] + v * kQueryLanes);
      maximum = hn::IfThenElse(hn::RebindMask(kQueryFloats, hidden), maximum, hn::Max(maximum, score));
    }
    hn::StoreU(maximum, kQueryFloats, maxima + lane);
  }
}

// The row maxima, rounded up; 0 where a row sees no key.
HWY_NOINLINE void set_shifts_to_maxima(Block& block) {
  float maxima[kBlockRows];
  std::fill_n(maxima, kBlockRows, -INFINITY);
  for (int64_t key = block.key_begin; key < block.key_end; key += kTileKeys) {
    for (int64_t column = 0; column < block.rows; column += kTileQueries)
      raise_maxima(block, key, column, maxima);
  }
  for (int64_t i = 0; i < kBlockRows; ++i) block.shifts[i] = static_cast<float>(softmax_shift(maxima[i]));
}

HWY_INLINE bool sums_are_safe(const Block& block, int64_t valid_rows) {
  return std::all_of(block.sums, block.sums + valid_rows,
                     [](float sum) { return sum >= 0x1p-60f && sum <= 0x1p100f; });
}

#if HWY_TARGET != HWY_SCALAR
// Four rows become columns of out, four dimensions at a time.
HWY_INLINE void transpose_four_rows(const float* rows, int64_t stride, int64_t cols, float* out) {
  const hn::FixedTag<float, 4> d;
  for (int64_t i = 0; i < cols; i += 4, out += 4 * kBlockRows) {
    const auto r0 = hn::LoadU(d, rows + i), r1 = hn::LoadU(d, rows + stride + i);
    const auto r2 = hn::LoadU(d, rows + 2 * stride + i), r3 = hn::LoadU(d, rows + 3 * stride + i);
    const auto low01 = hn::InterleaveLower(d, r0, r1), high01 = hn::InterleaveUpper(d, r0, r1);
    const auto low23 = hn::InterleaveLower(d, r2, r3), high23 = hn::InterleaveUpper(d, r2, r3);
    hn::StoreU(hn::ConcatLowerLower(d, low23, low01), d, out);
    hn::StoreU(hn::ConcatUpperUpper(d, low23, low01), d, out + kBlockRows);
    hn::StoreU(hn::ConcatLowerLower(d, high23, high01), d, out + 2 * kBlockRows);
    hn::StoreU(hn::ConcatUpperUpper(d, high23, high01), d, out + 3 * kBlockRows);
  }
}
#endif

// out: [D, kBlockRows], zero where there are no more queries.
HWY_INLINE void transpose_queries(const AttentionHead& head, int64_t begin, float* out) {
  const int64_t valid = std::min(kBlockRows, head.q.rows - begin);
  int64_t r = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; r + 4 <= valid; r += 4)
    transpose_four_rows(head.q.row_data(begin + r), head.q.stride, head.q.cols, out + r);
#endif
  for (; r < valid; ++r) {
    const float* q = head.q.row_data(begin + r);
    for (int64_t i = 0; i < head.q.cols; ++i) out[i * kBlockRows + r] = q[i];
  }
  for (int64_t i = 0; i < head.q.cols; ++i)
    std::fill(out + i * kBlockRows + r, out + (i + 1) * kBlockRows, 0.0f);
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

void run_block(const AttentionHead& head, int64_t begin, int64_t key_begin, int64_t key_end,
               AttentionScratch& scratch, MatView<float> out) {
  const int64_t valid_rows = std::min(kBlockRows, head.q.rows - begin);
  float* queries = scratch.queries(head.q.cols);
  transpose_queries(head, begin, queries);
  const int64_t rows = (valid_rows + kTileQueries - 1) / kTileQueries * kTileQueries;
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

// Multiples of kAttentionKeyMultiple; the end may pass L.
struct KeyRange {
  int64_t begin;
  int64_t end;
};

KeyRange keys_of_block(int64_t visible, int64_t window, int64_t query_begin, int64_t rows) {
  constexpr int64_t kMultiple = kAttentionKeyMultiple;
  int64_t begin = 0, end = visible;
  if (window >= 0) {
    begin = std::max<int64_t>(0, query_begin - window) / kMultiple * kMultiple;
    end = std::min(end, query_begin + rows + window);
  }
  return {begin, std::max(begin, (end + kMultiple - 1) / kMultiple * kMultiple)};
}

}  // namespace

int64_t attention_block_keys(int64_t visible, int64_t window, int64_t query_begin, int64_t rows) {
  const KeyRange keys = keys_of_block(visible, window, query_begin, rows);
  return keys.end - keys.begin;
}

void attention_block(const AttentionHead& head, int64_t query_begin, AttentionScratch& scratch,
                     MatView<float> out) {
  MB_DCHECK(head.q.cols % kAttentionLanes == 0 && head.v.cols == head.q.cols && head.k.cols == head.q.cols);
  MB_DCHECK(query_begin % kAttentionBlockRows == 0);
  const KeyRange keys = keys_of_block(head.visible, head.window, query_begin, kAttentionBlockRows);
  HWY_DYNAMIC_DISPATCH(run_block)(head, query_begin, keys.begin, keys.end, scratch, out);
}

}  // namespace modernbert
#endif
