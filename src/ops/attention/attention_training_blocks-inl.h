// Blocks of 64 queries and 64 keys in attention's passes for training: how they are laid out for the block
// products, and what happens to scores between two products. Scores have a key in each row.
#if defined(MODERNBERT_OPS_ATTENTION_TRAINING_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MODERNBERT_OPS_ATTENTION_TRAINING_BLOCKS_INL_H_
#undef MODERNBERT_OPS_ATTENTION_TRAINING_BLOCKS_INL_H_
#else
#define MODERNBERT_OPS_ATTENTION_TRAINING_BLOCKS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <numbers>

#include "ops/matmul/block_product.h"
#include "ops/rowwise/dropout.h"
#include "ops/vector/element_rows-inl.h"
#include "ops/vector/vector_math-inl.h"
#include "tensor/matrix.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kBlock = 64;         // queries and keys of a block
constexpr float kMasked = -1e30f;      // a score that no maximum lets through
using Tag = hn::CappedTag<float, 16>;  // divides a block's row

// ---- layouts

// Rows [begin, begin + kBlock) of x, zeros past its end and up to `cols` columns.
template <class E>
void copy_block(MatView<const E> x, int64_t begin, int64_t rows, int64_t cols, E* to) {
  const auto used = static_cast<size_t>(x.cols);
  for (int64_t r = 0; r < rows; ++r, to += cols) {
    const bool inside = begin + r < x.rows;
    if (inside) std::memcpy(to, x.row_data(begin + r), used * sizeof(E));
    const size_t from = inside ? used : 0;
    std::memset(static_cast<void*>(to + from), 0, (static_cast<size_t>(cols) - from) * sizeof(E));
  }
}

// to [cols, rows] = x [rows, cols] transposed, by squares that fit the first cache.
template <class T>
void transpose(const T* x, int64_t rows, int64_t cols, T* to) {
  constexpr int64_t kSquare = 16;
  for (int64_t i = 0; i < rows; i += kSquare) {
    for (int64_t j = 0; j < cols; j += kSquare) {
      for (int64_t c = j; c < j + kSquare; ++c) {
        for (int64_t r = i; r < i + kSquare; ++r) to[c * rows + r] = x[r * cols + c];
      }
    }
  }
}

// Rows as the second operand of a product that sums over their columns: words of 32 bits transposed.
template <class E>
void pack_transposed(const E* rows, int64_t count, int64_t cols, E* to) {
  const int64_t words = cols * static_cast<int64_t>(sizeof(E)) / 4;
  transpose(reinterpret_cast<const uint32_t*>(rows), count, words, reinterpret_cast<uint32_t*>(to));
}

// Rows as the second operand of a product that sums over the rows.
HWY_INLINE const float* pack_pairs(const float* rows, int64_t, int64_t, float*) {
  return rows;
}
HWY_INLINE const Bf16* pack_pairs(const Bf16* rows, int64_t count, int64_t cols, Bf16* to) {
  for (int64_t r = 0; r < count; r += 2) {
    const Bf16 *even = rows + r * cols, *odd = even + cols;
    Bf16* pair = to + r * cols;
    for (int64_t c = 0; c < cols; ++c) {
      pair[2 * c] = even[c];
      pair[2 * c + 1] = odd[c];
    }
  }
  return to;
}

// A block of fp32 weights, rounded, as rows.
HWY_INLINE const float* rounded_rows(const float* block, float*) {
  return block;
}
HWY_INLINE const Bf16* rounded_rows(const float* block, Bf16* to) {
  const Tag d;
  for (int64_t i = 0; i < kBlock * kBlock; i += static_cast<int64_t>(hn::Lanes(d)))
    store_rounded(d, hn::Load(d, block + i), to + i);
  return to;
}

// The same as interleaved pairs of rows.
HWY_INLINE const float* rounded_pairs(const float* block, float*) {
  return block;
}
HWY_INLINE const Bf16* rounded_pairs(const float* block, Bf16* to) {
  const Tag d;
  const hn::RebindToUnsigned<Tag> du;
  const auto round = [du](hn::Vec<Tag> value) HWY_ATTR {
    const auto bits = hn::BitCast(du, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1U));
    return hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7FFFU)));
  };
  auto* words = reinterpret_cast<uint32_t*>(to);
  for (int64_t r = 0; r < kBlock; r += 2) {
    const float* rows = block + r * kBlock;
    for (int64_t c = 0; c < kBlock; c += static_cast<int64_t>(hn::Lanes(d))) {
      const auto low = hn::ShiftRight<16>(round(hn::Load(d, rows + c)));
      const auto high = hn::And(round(hn::Load(d, rows + kBlock + c)), hn::Set(du, 0xFFFF0000U));
      hn::Store(hn::Or(low, high), du, words + r / 2 * kBlock + c);
    }
  }
  return to;
}

// ---- blocks of scores

template <class E>
void multiply(const E* a, int64_t a_step, const E* b, float* c, int64_t m, int64_t n, int64_t k,
              bool accumulates) {
  multiply_blocks(BlockProduct<E>{a, a_step, b, c, n, m, n, k, accumulates});
}

// Scores of keys that a query does not see.
void mask_block(int64_t length, int64_t window, int64_t query_begin, int64_t key_begin, float* scores) {
  const int64_t farthest = std::max(key_begin - query_begin, query_begin - key_begin) + kBlock - 1;
  if (key_begin + kBlock <= length && (window < 0 || farthest <= window)) return;
  for (int64_t j = 0; j < kBlock; ++j, scores += kBlock) {
    const int64_t key = key_begin + j;
    int64_t first = 0, last = kBlock;  // of the queries that see the key
    if (window >= 0) {
      first = std::clamp<int64_t>(key - window - query_begin, 0, kBlock);
      last = std::clamp<int64_t>(key + window + 1 - query_begin, first, kBlock);
    }
    if (key >= length) last = first = 0;
    std::fill(scores, scores + first, kMasked);
    std::fill(scores + last, scores + kBlock, kMasked);
  }
}

// Factors of the block's weights, transposed as the scores are.
void draw_block(const Dropout& dropout, int64_t query_begin, int64_t key_begin, float* factors) {
  float row[kBlock];
  for (int64_t i = 0; i < kBlock; ++i) {
    draw_dropout(dropout, static_cast<uint64_t>(query_begin + i), key_begin, kBlock, row);
    for (int64_t j = 0; j < kBlock; ++j) factors[j * kBlock + i] = row[j];
  }
}

void multiply_elements(const float* factors, float* x) {
  const Tag d;
  for (int64_t i = 0; i < kBlock * kBlock; i += static_cast<int64_t>(hn::Lanes(d)))
    hn::Store(hn::Mul(hn::Load(d, x + i), hn::Load(d, factors + i)), d, x + i);
}

// Running maxima and sums of a block's queries.
struct SoftmaxState {
  HWY_ALIGN float maximum[kBlock];
  HWY_ALIGN float sum[kBlock];
  HWY_ALIGN float correction[kBlock];  // of everything that was added before this block
};

// scores -> weights 2^(scale * score - maximum).
void weigh_block(float scale, float* scores, SoftmaxState& state) {
  const Tag d;
  const auto factor = hn::Set(d, scale);
  for (int64_t c = 0; c < kBlock; c += static_cast<int64_t>(hn::Lanes(d))) {
    const auto before = hn::Load(d, state.maximum + c);
    auto maximum = before;
    for (int64_t j = 0; j < kBlock; ++j)
      maximum = hn::Max(maximum, hn::Mul(hn::Load(d, scores + j * kBlock + c), factor));
    auto sum = hn::Zero(d);
    for (int64_t j = 0; j < kBlock; ++j) {
      const auto score = hn::Mul(hn::Load(d, scores + j * kBlock + c), factor);
      const auto weight = exp2_of_negative(d, hn::Sub(score, maximum));
      hn::Store(weight, d, scores + j * kBlock + c);
      sum = hn::Add(sum, weight);
    }
    const auto correction = exp2_of_negative(d, hn::Sub(before, maximum));
    hn::Store(maximum, d, state.maximum + c);
    hn::Store(correction, d, state.correction + c);
    hn::Store(hn::MulAdd(hn::Load(d, state.sum + c), correction, sum), d, state.sum + c);
  }
}

// x [rows, kBlock] times a factor for each column.
void scale_columns(const float* factors, int64_t rows, float* x) {
  const Tag d;
  for (int64_t c = 0; c < kBlock; c += static_cast<int64_t>(hn::Lanes(d))) {
    const auto factor = hn::Load(d, factors + c);
    for (int64_t r = 0; r < rows; ++r)
      hn::Store(hn::Mul(hn::Load(d, x + r * kBlock + c), factor), d, x + r * kBlock + c);
  }
}

// 2^(factor * score - log_sum): a weight, formed again.
template <class V>
HWY_INLINE V weight_of(V score, V factor, V log_sum) {
  const Tag d;
  return exp2_of_negative(d, hn::Min(hn::Sub(hn::Mul(score, factor), log_sum), hn::Set(d, 64.0f)));
}

// A running mean of the gradients of each query's weights, by weight.
struct WeightMeans {
  HWY_ALIGN float products[kBlock] = {};
  HWY_ALIGN float weights[kBlock] = {};  // their sum is 1 up to rounding, which the quotient leaves out
};

void add_to_means(float scale, const float* log_sums, const float* scores, const float* dweights,
                  WeightMeans& means) {
  const Tag d;
  const auto factor = hn::Set(d, scale * static_cast<float>(std::numbers::log2e));
  for (int64_t c = 0; c < kBlock; c += static_cast<int64_t>(hn::Lanes(d))) {
    const auto log_sum = hn::Load(d, log_sums + c);
    auto products = hn::Load(d, means.products + c), weights = hn::Load(d, means.weights + c);
    for (int64_t i = c; i < kBlock * kBlock; i += kBlock) {
      const auto weight = weight_of(hn::Load(d, scores + i), factor, log_sum);
      products = hn::MulAdd(weight, hn::Load(d, dweights + i), products);
      weights = hn::Add(weights, weight);
    }
    hn::Store(products, d, means.products + c);
    hn::Store(weights, d, means.weights + c);
  }
}

// scores -> weights, dweights -> gradients of the scores.
void backward_block(float scale, const float* log_sums, const float* dots, float* scores, float* dweights) {
  const Tag d;
  const auto factor = hn::Set(d, scale * static_cast<float>(std::numbers::log2e));
  for (int64_t c = 0; c < kBlock; c += static_cast<int64_t>(hn::Lanes(d))) {
    const auto log_sum = hn::Load(d, log_sums + c), dot = hn::Load(d, dots + c);
    for (int64_t i = c; i < kBlock * kBlock; i += kBlock) {
      const auto weight = weight_of(hn::Load(d, scores + i), factor, log_sum);
      const auto gradient = hn::Mul(weight, hn::Sub(hn::Load(d, dweights + i), dot));
      hn::Store(weight, d, scores + i);
      hn::Store(hn::Mul(gradient, hn::Set(d, scale)), d, dweights + i);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
