// Scores are kept transposed, keys down and queries across: a query's maximum and sum are then vectors, no
// sum runs across lanes, and the weights lie as the products that follow want them.
#include "ops/attention/attention_training.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>

#include "core/check.h"
#include "ops/matmul/block_product.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention/attention_training.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/attention/attention_training_blocks-inl.h"
#include "ops/vector/element_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void rotate_row(const float* cos, const float* sin, float direction, int64_t half, T* x) {
  for_each_vector(half, [=](auto d, int64_t j) HWY_ATTR {
    const auto a = load_elements(d, x + j), b = load_elements(d, x + half + j);
    const auto c = hn::LoadU(d, cos + j), s = hn::Mul(hn::LoadU(d, sin + j), hn::Set(d, direction));
    store_rounded(d, hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), x + j);
    store_rounded(d, hn::Add(hn::Mul(b, c), hn::Mul(a, s)), x + half + j);
  });
}

// Few models pair neighbours: one by one.
template <class T>
void rotate_neighbours(const float* cos, const float* sin, float direction, int64_t half, T* x) {
  const hn::CappedTag<float, 1> one;
  for (int64_t j = 0; j < half; ++j) {
    const float a = hn::GetLane(load_elements(one, x + 2 * j)),
                b = hn::GetLane(load_elements(one, x + 2 * j + 1));
    const float s = sin[j] * direction;
    store_rounded(one, hn::Set(one, a * cos[j] - b * s), x + 2 * j);
    store_rounded(one, hn::Set(one, b * cos[j] + a * s), x + 2 * j + 1);
  }
}

template <class T>
void rotate(const HeadRotation& rotation, float direction, int64_t row, T* x) {
  if (rotation.cos == nullptr) return;
  const int64_t at = rotation.positions[row] * rotation.half;
  const float *cos = rotation.cos + at, *sin = rotation.sin + at;
  if (rotation.interleaved) return rotate_neighbours(cos, sin, direction, rotation.half, x);
  rotate_row(cos, sin, direction, rotation.half, x);
}

template <class E>
void round_row(const float* x, int64_t count, E* y) {
  for_each_vector(count, [=](auto d, int64_t i) HWY_ATTR { store_rounded(d, hn::LoadU(d, x + i), y + i); });
}

struct Extent {
  explicit Extent(int64_t length, int64_t head_dim, int64_t window)
      : length(length),
        padded((length + kBlock - 1) / kBlock * kBlock),
        dim((head_dim + 31) / 32 * 32),
        window(window) {}
  // Blocks of keys that queries [begin, begin + kBlock) see.
  int64_t first_key(int64_t begin) const {
    return window < 0 ? 0 : std::max<int64_t>(0, begin - window) / kBlock * kBlock;
  }
  int64_t end_key(int64_t begin) const {
    return window < 0 ? padded : std::min(padded, (begin + kBlock + window + kBlock - 1) / kBlock * kBlock);
  }
  int64_t length, padded, dim, window;
};

// ---- forward

template <class E>
void forward(const TrainedHead<E>& head, const MatView<E>& out, const HeadRecord& record,
             TrainedHeadScratch& scratch) {
  const Extent extent(head.q.rows, head.q.cols, head.window);
  const int64_t dim = extent.dim;
  E* keys = scratch.take<E>(0, extent.padded * dim);
  E* values = scratch.take<E>(1, extent.padded * dim);
  E* values_across = scratch.take<E>(2, extent.padded * dim);
  E* rows = scratch.take<E>(3, kBlock * dim);
  E* queries = scratch.take<E>(4, kBlock * dim);
  float* scores = scratch.take<float>(5, kBlock * kBlock);
  E* pairs = scratch.take<E>(6, kBlock * kBlock);
  float* sums = scratch.take<float>(7, dim * kBlock);
  float* sum_rows = scratch.take<float>(8, dim * kBlock);
  float* factors = scratch.take<float>(9, kBlock * kBlock);
  copy_block(head.k, 0, extent.padded, dim, keys);
  copy_block(head.v, 0, extent.padded, dim, values);
  transpose(values, extent.padded, dim, values_across);
  const float scale = static_cast<float>(std::numbers::log2e / std::sqrt(static_cast<double>(head.q.cols)));
  const BlockProductScope products;
  for (int64_t begin = 0; begin < extent.length; begin += kBlock) {
    copy_block(head.q, begin, kBlock, dim, rows);
    pack_transposed(rows, kBlock, dim, queries);
    SoftmaxState state;
    std::fill_n(state.maximum, kBlock, kMasked);
    std::fill_n(state.sum, kBlock, 0.0f);
    std::fill_n(sums, dim * kBlock, 0.0f);
    for (int64_t key = extent.first_key(begin); key < extent.end_key(begin); key += kBlock) {
      multiply<E>(keys + key * dim, dim, queries, scores, kBlock, kBlock, dim, false);
      mask_block(extent.length, head.window, begin, key, scores);
      weigh_block(scale, scores, state);
      if (head.dropout.rate > 0) {
        draw_block(head.dropout, begin, key, factors);
        multiply_elements(factors, scores);
      }
      scale_columns(state.correction, dim, sums);
      multiply<E>(values_across + key, extent.padded, rounded_pairs(scores, pairs), sums, dim, kBlock, kBlock,
                  true);
    }
    for (int64_t i = 0; i < kBlock; ++i) state.correction[i] = 1.0f / state.sum[i];
    scale_columns(state.correction, dim, sums);
    transpose(sums, dim, kBlock, sum_rows);
    for (int64_t i = 0; i < std::min(kBlock, extent.length - begin); ++i) {
      round_row(sum_rows + i * dim, out.cols, out.row_data(begin + i));
      std::copy_n(sum_rows + i * dim, out.cols, record.out.row_data(begin + i));
      record.log_sums[begin + i] = state.maximum[i] + std::log2(state.sum[i]);
    }
  }
}

// ---- backward

// A score's gradient is its weight times the difference between the weight's gradient and the mean of all of
// them. Where few keys have nearly all the weight the two are nearly equal. In fp32, which is there to be
// exact, the mean is therefore formed from the very gradients that it is subtracted from, in a pass of its
// own (windows of one key to either side: three times as exact); else it is the product of the output and its
// gradient.
template <class E>
constexpr bool kSumsWeights = std::is_same_v<E, float>;

// Of a block of queries: log sums and the means of their weights' gradients.
struct QueryTerms {
  HWY_ALIGN float log_sums[kBlock];
  HWY_ALIGN float dots[kBlock];
};

template <class E>
float dot(const float* x, const E* y, int64_t count) {
  float sum = 0;
  for_each_vector(count, [&](auto d, int64_t i) HWY_ATTR {
    sum += hn::GetLane(hn::SumOfLanes(d, hn::Mul(hn::LoadU(d, x + i), load_elements(d, y + i))));
  });
  return sum;
}

template <class E>
QueryTerms query_terms(const HeadGradients<E>& gradients, int64_t begin) {
  QueryTerms terms{};
  for (int64_t i = 0; i < std::min(kBlock, gradients.dout.rows - begin); ++i) {
    terms.log_sums[i] = gradients.record.log_sums[begin + i];
    if constexpr (kSumsWeights<E>) continue;
    terms.dots[i] = dot(gradients.record.out.row_data(begin + i), gradients.dout.row_data(begin + i),
                        gradients.dout.cols);
  }
  return terms;
}

template <class E>
void backward(const TrainedHead<E>& head, const HeadGradients<E>& gradients, TrainedHeadScratch& scratch) {
  const Extent extent(head.q.rows, head.q.cols, head.window);
  const int64_t dim = extent.dim;
  E* keys = scratch.take<E>(0, extent.padded * dim);
  E* values = scratch.take<E>(1, extent.padded * dim);
  E* keys_across = scratch.take<E>(2, extent.padded * dim);
  E* query_rows = scratch.take<E>(3, kBlock * dim);
  E* queries_across = scratch.take<E>(4, kBlock * dim);
  float* scores = scratch.take<float>(5, kBlock * kBlock);
  E* weights = scratch.take<E>(6, kBlock * kBlock);
  float* query_sums = scratch.take<float>(7, dim * kBlock);
  float* dq_rows = scratch.take<float>(8, dim * kBlock);
  float* factors = scratch.take<float>(9, kBlock * kBlock);
  E* dout_rows = scratch.take<E>(10, kBlock * dim);
  E* dout_across = scratch.take<E>(11, kBlock * dim);
  E* paired = scratch.take<E>(12, 2 * kBlock * dim);
  float* dweights = scratch.take<float>(13, kBlock * kBlock);
  float* dkeys = scratch.take<float>(14, extent.padded * dim);
  float* dvalues = scratch.take<float>(15, extent.padded * dim);
  copy_block(head.k, 0, extent.padded, dim, keys);
  copy_block(head.v, 0, extent.padded, dim, values);
  transpose(keys, extent.padded, dim, keys_across);
  std::fill_n(dkeys, extent.padded * dim, 0.0f);
  std::fill_n(dvalues, extent.padded * dim, 0.0f);
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head.q.cols)));
  const bool drops = head.dropout.rate > 0;
  const BlockProductScope products;
  for (int64_t begin = 0; begin < extent.length; begin += kBlock) {
    copy_block(head.q, begin, kBlock, dim, query_rows);
    copy_block(gradients.dout, begin, kBlock, dim, dout_rows);
    pack_transposed(query_rows, kBlock, dim, queries_across);
    pack_transposed(dout_rows, kBlock, dim, dout_across);
    const E* query_pairs = pack_pairs(query_rows, kBlock, dim, paired);
    const E* dout_pairs = pack_pairs(dout_rows, kBlock, dim, paired + kBlock * dim);
    QueryTerms terms = query_terms(gradients, begin);
    std::fill_n(query_sums, dim * kBlock, 0.0f);
    // Scores of the block of keys and the gradients of its weights.
    const auto score = [&](int64_t key) {
      multiply<E>(keys + key * dim, dim, queries_across, scores, kBlock, kBlock, dim, false);
      multiply<E>(values + key * dim, dim, dout_across, dweights, kBlock, kBlock, dim, false);
      mask_block(extent.length, head.window, begin, key, scores);
      if (!drops) return;
      draw_block(head.dropout, begin, key, factors);
      multiply_elements(factors, dweights);
    };
    if constexpr (kSumsWeights<E>) {
      WeightMeans means;
      for (int64_t key = extent.first_key(begin); key < extent.end_key(begin); key += kBlock) {
        score(key);
        add_to_means(scale, terms.log_sums, scores, dweights, means);
      }
      for (int64_t i = 0; i < kBlock; ++i) terms.dots[i] = means.products[i] / means.weights[i];
    }
    for (int64_t key = extent.first_key(begin); key < extent.end_key(begin); key += kBlock) {
      score(key);
      backward_block(scale, terms.log_sums, terms.dots, scores, dweights);
      if (drops) multiply_elements(factors, scores);
      multiply<E>(rounded_rows(scores, weights), kBlock, dout_pairs, dvalues + key * dim, kBlock, dim, kBlock,
                  true);
      multiply<E>(rounded_rows(dweights, weights), kBlock, query_pairs, dkeys + key * dim, kBlock, dim,
                  kBlock, true);
      multiply<E>(keys_across + key, extent.padded, rounded_pairs(dweights, weights), query_sums, dim, kBlock,
                  kBlock, true);
    }
    transpose(query_sums, dim, kBlock, dq_rows);
    for (int64_t i = 0; i < std::min(kBlock, extent.length - begin); ++i) {
      rotate(gradients.rotation, -1.0f, begin + i, dq_rows + i * dim);
      round_row(dq_rows + i * dim, head.q.cols, gradients.dq.row_data(begin + i));
    }
  }
  for (int64_t i = 0; i < extent.length; ++i) {
    rotate(gradients.rotation, -1.0f, i, dkeys + i * dim);
    round_row(dkeys + i * dim, head.q.cols, gradients.dk.row_data(i));
    round_row(dvalues + i * dim, head.q.cols, gradients.dv.row_data(i));
  }
}

template <class E>
void rotate_all(const HeadRotation& rotation, const MatView<E>& x) {
  for (int64_t r = 0; r < x.rows; ++r) rotate(rotation, 1.0f, r, x.row_data(r));
}

#define MODERNBERT_ATTENTION_FUNCTIONS(SUFFIX, E)                                                    \
  void forward_##SUFFIX(const TrainedHead<E>& head, const MatView<E>& out, const HeadRecord& record, \
                        TrainedHeadScratch& s) {                                                     \
    forward(head, out, record, s);                                                                   \
  }                                                                                                  \
  void backward_##SUFFIX(const TrainedHead<E>& head, const HeadGradients<E>& gradients,              \
                         TrainedHeadScratch& s) {                                                    \
    backward(head, gradients, s);                                                                    \
  }                                                                                                  \
  void rotate_##SUFFIX(const HeadRotation& rotation, const MatView<E>& x) {                          \
    rotate_all(rotation, x);                                                                         \
  }
MODERNBERT_ATTENTION_FUNCTIONS(floats, float)
MODERNBERT_ATTENTION_FUNCTIONS(halves, Bf16)
#undef MODERNBERT_ATTENTION_FUNCTIONS

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

#define MODERNBERT_ATTENTION_DISPATCH(SUFFIX, E)                                               \
  HWY_EXPORT(forward_##SUFFIX);                                                                \
  HWY_EXPORT(backward_##SUFFIX);                                                               \
  HWY_EXPORT(rotate_##SUFFIX);                                                                 \
  template <>                                                                                  \
  void attention_forward(const TrainedHead<E>& head, MatView<E> out, const HeadRecord& record, \
                         TrainedHeadScratch& scratch) {                                        \
    HWY_DYNAMIC_DISPATCH(forward_##SUFFIX)(head, out, record, scratch);                        \
  }                                                                                            \
  template <>                                                                                  \
  void attention_backward(const TrainedHead<E>& head, const HeadGradients<E>& gradients,       \
                          TrainedHeadScratch& scratch) {                                       \
    HWY_DYNAMIC_DISPATCH(backward_##SUFFIX)(head, gradients, scratch);                         \
  }                                                                                            \
  template <>                                                                                  \
  void rotate_rows(const HeadRotation& rotation, MatView<E> x) {                               \
    HWY_DYNAMIC_DISPATCH(rotate_##SUFFIX)(rotation, x);                                        \
  }
MODERNBERT_ATTENTION_DISPATCH(floats, float)
MODERNBERT_ATTENTION_DISPATCH(halves, Bf16)
#undef MODERNBERT_ATTENTION_DISPATCH

}  // namespace modernbert
#endif
