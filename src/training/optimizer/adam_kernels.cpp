#include "training/optimizer/adam_kernels.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "training/optimizer/adam_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums of this many terms in float lose nothing that matters; beyond it they go on in double.
constexpr size_t kFloatTerms = 1024;

template <class D, class V>
HWY_INLINE V new_first(D d, const AdamStep& step, V g, V m) {
  return hn::MulAdd(hn::Set(d, step.keep1), m, hn::Mul(hn::Set(d, step.take1), g));
}

template <class D, class V>
HWY_INLINE V new_second(D d, const AdamStep& step, V g, V v) {
  return hn::MulAdd(hn::Set(d, step.keep2), v, hn::Mul(hn::Set(d, step.take2), hn::Mul(g, g)));
}

template <class D, class V>
HWY_INLINE V new_value(D d, const AdamStep& step, V m, V v, V p) {
  const V root = hn::MulAdd(hn::Sqrt(v), hn::Set(d, step.root_correction), hn::Set(d, step.epsilon));
  return hn::Sub(hn::Mul(hn::Set(d, step.decay), p), hn::Div(hn::Mul(hn::Set(d, step.rate), m), root));
}

// body(d, i) for whole vectors, then one element at a time: the same formulas for every element.
template <class Body>
HWY_INLINE void for_each(size_t begin, size_t end, Body body) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  size_t i = begin;
  for (; i + hn::Lanes(d) <= end; i += hn::Lanes(d)) body(d, i);
  for (; i < end; ++i) body(one, i);
}

void update_all(const AdamStep& step, const float* gradient, size_t count, float* first, float* second,
                float* value) {
  for_each(0, count, [&](auto d, size_t i) {
    const auto g = hn::Mul(hn::LoadU(d, gradient + i), hn::Set(d, step.gradient_scale));
    const auto m = new_first(d, step, g, hn::LoadU(d, first + i));
    const auto v = new_second(d, step, g, hn::LoadU(d, second + i));
    hn::StoreU(m, d, first + i);
    hn::StoreU(v, d, second + i);
    hn::StoreU(new_value(d, step, m, v, hn::LoadU(d, value + i)), d, value + i);
  });
}

double update_moments(const AdamStep& step, const float* gradient, size_t count, float* first,
                      float* second) {
  double sum = 0;
  for (size_t begin = 0; begin < count; begin += kFloatTerms) {
    const size_t end = std::min(count, begin + kFloatTerms);
    const hn::ScalableTag<float> wide;
    auto lanes = hn::Zero(wide);
    float rest = 0;
    for_each(begin, end, [&](auto d, size_t i) {
      const auto g = hn::Mul(hn::LoadU(d, gradient + i), hn::Set(d, step.gradient_scale));
      const auto v = new_second(d, step, g, hn::LoadU(d, second + i));
      hn::StoreU(new_first(d, step, g, hn::LoadU(d, first + i)), d, first + i);
      hn::StoreU(v, d, second + i);
      const auto floor = hn::Set(d, step.epsilon * step.epsilon);
      const auto term = hn::Div(hn::Mul(g, g), hn::Max(v, floor));
      if constexpr (hn::MaxLanes(decltype(d)()) == 1) {
        rest += hn::GetLane(term);
      } else {
        lanes = hn::Add(lanes, term);
      }
    });
    sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(wide, lanes))) + rest;
  }
  return sum;
}

void update_values(const AdamStep& step, const float* first, const float* second, size_t count,
                   float* value) {
  for_each(0, count, [&](auto d, size_t i) {
    const auto m = hn::LoadU(d, first + i), v = hn::LoadU(d, second + i);
    hn::StoreU(new_value(d, step, m, v, hn::LoadU(d, value + i)), d, value + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(update_all);
HWY_EXPORT(update_moments);
HWY_EXPORT(update_values);

void adam_update(const AdamStep& step, const float* gradient, size_t count, float* first, float* second,
                 float* value) {
  HWY_DYNAMIC_DISPATCH(update_all)(step, gradient, count, first, second, value);
}

double adam_moments(const AdamStep& step, const float* gradient, size_t count, float* first, float* second) {
  return HWY_DYNAMIC_DISPATCH(update_moments)(step, gradient, count, first, second);
}

void adam_values(const AdamStep& step, const float* first, const float* second, size_t count, float* value) {
  HWY_DYNAMIC_DISPATCH(update_values)(step, first, second, count, value);
}

}  // namespace modernbert
#endif
