#include "ops/rowwise/norm.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rowwise/norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/vector/bf16_store-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sum of f(i) over [0,count) where f takes vectors of `lanes` elements; the tail is added scalar by scalar at
// the end. Four accumulators hide the latency of the additions; their order is fixed, so equal rows give
// equal bits.
template <class VectorTerm, class ScalarTerm>
HWY_INLINE float sum_terms(size_t count, VectorTerm vector_term, ScalarTerm scalar_term) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    s0 = hn::Add(s0, vector_term(d, i));
    s1 = hn::Add(s1, vector_term(d, i + lanes));
    s2 = hn::Add(s2, vector_term(d, i + 2 * lanes));
    s3 = hn::Add(s3, vector_term(d, i + 3 * lanes));
  }
  for (; i + lanes <= count; i += lanes) s0 = hn::Add(s0, vector_term(d, i));
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < count; ++i) sum += scalar_term(i);
  return sum;
}

template <class Out>
HWY_INLINE void normalize_row(const RowNorm& norm, const float* x, size_t count, Out* y) {
  const float inverse_count = 1.0f / static_cast<float>(count);
  float mean = 0;
  if (norm.centers) {
    mean = inverse_count *
           sum_terms(
               count, [x](auto d, size_t i) { return hn::LoadU(d, x + i); }, [x](size_t i) { return x[i]; });
  }
  const float squares = sum_terms(
      count,
      [x, mean](auto d, size_t i) {
        const auto c = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
        return hn::Mul(c, c);
      },
      [x, mean](size_t i) { return (x[i] - mean) * (x[i] - mean); });
  const float scale = 1.0f / std::sqrt(squares * inverse_count + norm.eps);

  const float* weight = norm.weight.empty() ? nullptr : norm.weight.data();
  const float* bias = norm.bias.empty() ? nullptr : norm.bias.data();
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto value = hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean)), hn::Set(d, scale));
    if (weight != nullptr) value = hn::Mul(value, hn::LoadU(d, weight + i));
    if (bias != nullptr) value = hn::Add(value, hn::LoadU(d, bias + i));
    store_rounded(d, value, y + i);
  }
  for (; i < count; ++i) {
    const float value = (x[i] - mean) * scale * (weight != nullptr ? weight[i] : 1.0f);
    store_rounded_one(value + (bias != nullptr ? bias[i] : 0.0f), y + i);
  }
}

template <class Out>
void normalize_rows(const RowNorm& norm, const MatView<const float>& x, const MatView<Out>& y) {
  for (int64_t r = 0; r < x.rows; ++r)
    normalize_row(norm, x.row_data(r), static_cast<size_t>(x.cols), y.row_data(r));
}

void norm_to_floats(const RowNorm& norm, MatView<const float> x, MatView<float> y) {
  normalize_rows(norm, x, y);
}

void norm_to_halves(const RowNorm& norm, MatView<const float> x, MatView<Bf16> y) {
  normalize_rows(norm, x, y);
}

void add_all_rows(MatView<const float> y, MatView<float> x) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* from = y.row_data(r);
    float* to = x.row_data(r);
    int64_t i = 0;
    for (; i + lanes <= x.cols; i += lanes)
      hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
    for (; i < x.cols; ++i) to[i] += from[i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(norm_to_floats);
HWY_EXPORT(norm_to_halves);
HWY_EXPORT(add_all_rows);

namespace {

template <class Out>
void check_shapes(const RowNorm& norm, MatView<const float> x, MatView<Out> y) {
  const auto width = static_cast<size_t>(x.cols);
  MB_CHECK(x.rows == y.rows && x.cols == y.cols);
  MB_CHECK(norm.weight.empty() || norm.weight.size() == width);
  MB_CHECK(norm.bias.empty() || norm.bias.size() == width);
}

}  // namespace

void normalize(const RowNorm& norm, MatView<const float> x, MatView<float> y) {
  check_shapes(norm, x, y);
  HWY_DYNAMIC_DISPATCH(norm_to_floats)(norm, x, y);
}

void normalize(const RowNorm& norm, MatView<const float> x, MatView<Bf16> y) {
  check_shapes(norm, x, y);
  HWY_DYNAMIC_DISPATCH(norm_to_halves)(norm, x, y);
}

void add_rows(MatView<const float> y, MatView<float> x) {
  MB_CHECK(x.rows == y.rows && x.cols == y.cols);
  HWY_DYNAMIC_DISPATCH(add_all_rows)(y, x);
}

}  // namespace modernbert
#endif
