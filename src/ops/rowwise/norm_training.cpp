#include "ops/rowwise/norm_training.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rowwise/norm_training.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/vector/element_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sum of term(d, i) over a row: vectors first, the rest one by one.
template <class Term>
HWY_INLINE float row_sum(int64_t count, Term term) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto even = hn::Zero(d), odd = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    even = hn::Add(even, term(d, i));
    odd = hn::Add(odd, term(d, i + lanes));
  }
  for (; i + lanes <= count; i += lanes) even = hn::Add(even, term(d, i));
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) sum += hn::GetLane(term(one, i));
  return sum;
}

template <class E>
HWY_INLINE void add_row(const E* y, float* x, int64_t count) {
  for_each_vector(count, [=](auto d, int64_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(d, x + i), load_elements(d, y + i)), d, x + i);
  });
}

template <class E>
HWY_INLINE void round_row(const float* x, E* y, int64_t count) {
  for_each_vector(count, [=](auto d, int64_t i) HWY_ATTR { store_rounded(d, hn::LoadU(d, x + i), y + i); });
}

template <class E>
HWY_INLINE void normalize_row(const NormForward<E>& op, int64_t r) {
  const int64_t count = op.x.cols;
  float* x = op.x.row_data(r);
  float mean = 0;
  if (op.centers) {
    mean = row_sum(count, [=](auto d, int64_t i) HWY_ATTR { return hn::LoadU(d, x + i); }) /
           static_cast<float>(count);
  }
  const float squares = row_sum(count, [=](auto d, int64_t i) HWY_ATTR {
    const auto c = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
    return hn::Mul(c, c);
  });
  const float rstd = 1.0f / std::sqrt(squares / static_cast<float>(count) + op.eps);
  if (op.rstd != nullptr) op.rstd[r] = rstd;
  E* normalized = op.normalized.data == nullptr ? nullptr : op.normalized.row_data(r);
  E* out = op.out.data == nullptr ? nullptr : op.out.row_data(r);
  for_each_vector(count, [&](auto d, int64_t i) HWY_ATTR {
    const auto n = hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean)), hn::Set(d, rstd));
    if (normalized != nullptr) store_rounded(d, n, normalized + i);
    auto y = op.weight == nullptr ? n : hn::Mul(n, hn::LoadU(d, op.weight + i));
    if (op.bias != nullptr) y = hn::Add(y, hn::LoadU(d, op.bias + i));
    if (op.replaces_x) hn::StoreU(y, d, x + i);
    if (out != nullptr) store_rounded(d, y, out + i);
  });
}

template <class E>
void add_and_normalize_rows(const NormForward<E>& op) {
  for (int64_t r = 0; r < op.x.rows; ++r) {
    if (op.added.data != nullptr) add_row(op.added.row_data(r), op.x.row_data(r), op.x.cols);
    if (op.normalizes) {
      normalize_row(op, r);
    } else if (op.out.data != nullptr) {
      round_row(op.x.row_data(r), op.out.row_data(r), op.x.cols);
    }
  }
}

template <class E>
void scale_rows(MatView<const E> normalized, const float* weight, const float* bias, MatView<E> out) {
  for (int64_t r = 0; r < out.rows; ++r) {
    const E* n = normalized.row_data(r);
    E* y = out.row_data(r);
    for_each_vector(out.cols, [=](auto d, int64_t i) HWY_ATTR {
      auto value = load_elements(d, n + i);
      if (weight != nullptr) value = hn::Mul(value, hn::LoadU(d, weight + i));
      if (bias != nullptr) value = hn::Add(value, hn::LoadU(d, bias + i));
      store_rounded(d, value, y + i);
    });
  }
}

// The gradient of what the weight multiplies.
template <class D>
HWY_INLINE auto weighted(D d, const float* dy, const float* weight, int64_t i) {
  const auto gradient = hn::LoadU(d, dy + i);
  return weight == nullptr ? gradient : hn::Mul(gradient, hn::LoadU(d, weight + i));
}

template <class E>
HWY_INLINE void backward_row(const NormBackward<E>& op, int64_t r) {
  const float* dy = op.dy.data != nullptr ? op.dy.row_data(r) : op.dx.row_data(r);
  const int64_t count = op.dx.cols;
  const E* n = op.normalized.row_data(r);
  float* dx = op.dx.row_data(r);
  const float* weight = op.weight;
  const float inverse = 1.0f / static_cast<float>(count), rstd = op.rstd[r];
  float mean = 0;
  if (op.centers) {
    mean = inverse * row_sum(count, [=](auto d, int64_t i) HWY_ATTR { return weighted(d, dy, weight, i); });
  }
  const float product = inverse * row_sum(count, [=](auto d, int64_t i) HWY_ATTR {
                          return hn::Mul(weighted(d, dy, weight, i), load_elements(d, n + i));
                        });
  for_each_vector(count, [&](auto d, int64_t i) HWY_ATTR {
    const auto gradient = hn::LoadU(d, dy + i), value = load_elements(d, n + i);
    auto g = hn::Sub(weighted(d, dy, weight, i), hn::Set(d, mean));
    if (op.dweight != nullptr)
      hn::StoreU(hn::MulAdd(gradient, value, hn::LoadU(d, op.dweight + i)), d, op.dweight + i);
    if (op.dbias != nullptr) hn::StoreU(hn::Add(gradient, hn::LoadU(d, op.dbias + i)), d, op.dbias + i);
    g = hn::Mul(hn::NegMulAdd(value, hn::Set(d, product), g), hn::Set(d, rstd));
    if (op.accumulates) g = hn::Add(g, hn::LoadU(d, dx + i));
    hn::StoreU(g, d, dx + i);
  });
}

template <class E>
void backward_rows(const NormBackward<E>& op) {
  for (int64_t r = 0; r < op.dx.rows; ++r) backward_row(op, r);
}

template <class E>
void round_all(MatView<const float> x, MatView<E> y) {
  for (int64_t r = 0; r < x.rows; ++r) round_row(x.row_data(r), y.row_data(r), x.cols);
}
template <class E>
void add_all(MatView<const E> y, MatView<float> x) {
  for (int64_t r = 0; r < x.rows; ++r) add_row(y.row_data(r), x.row_data(r), x.cols);
}
template <class E>
void sum_columns(MatView<const E> x, float* sums) {
  for (int64_t r = 0; r < x.rows; ++r) add_row(x.row_data(r), sums, x.cols);
}

// Highway's tables hold plain functions.
#define MODERNBERT_NORM_FUNCTIONS(SUFFIX, E)                                              \
  void forward_##SUFFIX(const NormForward<E>& op) {                                       \
    add_and_normalize_rows(op);                                                           \
  }                                                                                       \
  void scale_##SUFFIX(MatView<const E> n, const float* w, const float* b, MatView<E> y) { \
    scale_rows(n, w, b, y);                                                               \
  }                                                                                       \
  void backward_##SUFFIX(const NormBackward<E>& op) {                                     \
    backward_rows(op);                                                                    \
  }                                                                                       \
  void round_##SUFFIX(MatView<const float> x, MatView<E> y) {                             \
    round_all(x, y);                                                                      \
  }                                                                                       \
  void add_##SUFFIX(MatView<const E> y, MatView<float> x) {                               \
    add_all(y, x);                                                                        \
  }                                                                                       \
  void sum_##SUFFIX(MatView<const E> x, float* sums) {                                    \
    sum_columns(x, sums);                                                                 \
  }
MODERNBERT_NORM_FUNCTIONS(floats, float)
MODERNBERT_NORM_FUNCTIONS(halves, Bf16)
#undef MODERNBERT_NORM_FUNCTIONS

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

#define MODERNBERT_NORM_DISPATCH(SUFFIX, E)                                                           \
  HWY_EXPORT(forward_##SUFFIX);                                                                       \
  HWY_EXPORT(scale_##SUFFIX);                                                                         \
  HWY_EXPORT(backward_##SUFFIX);                                                                      \
  HWY_EXPORT(round_##SUFFIX);                                                                         \
  HWY_EXPORT(add_##SUFFIX);                                                                           \
  HWY_EXPORT(sum_##SUFFIX);                                                                           \
  template <>                                                                                         \
  void add_and_normalize(const NormForward<E>& op) {                                                  \
    HWY_DYNAMIC_DISPATCH(forward_##SUFFIX)(op);                                                       \
  }                                                                                                   \
  template <>                                                                                         \
  void scale_normalized(MatView<const E> n, const float* weight, const float* bias, MatView<E> out) { \
    HWY_DYNAMIC_DISPATCH(scale_##SUFFIX)(n, weight, bias, out);                                       \
  }                                                                                                   \
  template <>                                                                                         \
  void normalize_backward(const NormBackward<E>& op) {                                                \
    HWY_DYNAMIC_DISPATCH(backward_##SUFFIX)(op);                                                      \
  }                                                                                                   \
  template <>                                                                                         \
  void round_rows(MatView<const float> x, MatView<E> y) {                                             \
    HWY_DYNAMIC_DISPATCH(round_##SUFFIX)(x, y);                                                       \
  }                                                                                                   \
  template <>                                                                                         \
  void add_to_rows(MatView<const E> y, MatView<float> x) {                                            \
    HWY_DYNAMIC_DISPATCH(add_##SUFFIX)(y, x);                                                         \
  }                                                                                                   \
  template <>                                                                                         \
  void add_column_sums(MatView<const E> x, float* sums) {                                             \
    HWY_DYNAMIC_DISPATCH(sum_##SUFFIX)(x, sums);                                                      \
  }
MODERNBERT_NORM_DISPATCH(floats, float)
MODERNBERT_NORM_DISPATCH(halves, Bf16)
#undef MODERNBERT_NORM_DISPATCH

}  // namespace modernbert
#endif
