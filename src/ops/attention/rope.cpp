#include "ops/attention/rope.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention/rope.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void rotate_head(const float* x, const float* cos, const float* sin, float scale, size_t half, float* y) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, scale);
  size_t j = 0;
  for (; j + lanes <= half; j += lanes) {
    const auto a = hn::LoadU(d, x + j);
    const auto b = hn::LoadU(d, x + half + j);
    const auto c = hn::LoadU(d, cos + j);
    const auto s = hn::LoadU(d, sin + j);
    const auto first = hn::Sub(hn::Mul(a, c), hn::Mul(b, s));
    const auto second = hn::Add(hn::Mul(b, c), hn::Mul(a, s));
    hn::StoreU(hn::Mul(first, factor), d, y + j);
    hn::StoreU(hn::Mul(second, factor), d, y + half + j);
  }
  for (; j < half; ++j) {
    const float a = x[j], b = x[half + j];
    y[j] = (a * cos[j] - b * sin[j]) * scale;
    y[half + j] = (b * cos[j] + a * sin[j]) * scale;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(rotate_head);

void rope_rotate(std::span<const float> x, std::span<const float> cos, std::span<const float> sin,
                 float scale, std::span<float> y) {
  MB_DCHECK(x.size() == 2 * cos.size() && y.size() == x.size() && sin.size() == cos.size());
  HWY_DYNAMIC_DISPATCH(rotate_head)(x.data(), cos.data(), sin.data(), scale, cos.size(), y.data());
}

}  // namespace modernbert
#endif
