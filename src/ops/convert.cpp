#include "ops/convert.h"

#include <cmath>
#include <limits>

#include "core/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/bf16_store-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {

void narrow_row(const float* x, Bf16* y, size_t count) {
  const hn::ScalableTag<float> d;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) store_rounded(d, hn::LoadU(d, x + i), y + i);
  for (; i < count; ++i) y[i] = to_bf16(x[i]);
}

void widen_row(const Bf16* x, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<uint16_t, decltype(d)> d16;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto bits = hn::PromoteTo(du, hn::LoadU(d16, &x[i].bits));
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(bits)), d, y + i);
  }
  for (; i < count; ++i) y[i] = to_float(x[i]);
}

// The largest magnitude; NaN where there is one.
HWY_INLINE float largest_magnitude(const float* x, size_t count) {
  const hn::ScalableTag<float> d;
  auto largest = hn::Zero(d), nan = hn::Zero(d);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, x + i);
    largest = hn::Max(largest, hn::Abs(value));
    nan = hn::IfThenElse(hn::IsNaN(value), value, nan);
  }
  float result = hn::GetLane(hn::MaxOfLanes(d, largest));
  if (!hn::AllFalse(d, hn::IsNaN(nan))) return std::numeric_limits<float>::quiet_NaN();
  for (; i < count; ++i) {
    if (!(std::fabs(x[i]) <= result)) result = std::fabs(x[i]);  // also for NaN, which then stays
    if (std::isnan(result)) return result;
  }
  return result;
}

float quantize_row(const float* x, uint8_t* y, size_t count) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<uint8_t, decltype(d)> d8;
  const float largest = largest_magnitude(x, count);
  const float inverse = largest > kMinMagnitude ? 127.0f / largest : 0.0f;
  const auto factor = hn::Set(d, inverse);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto whole = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), factor));
    hn::StoreU(hn::DemoteTo(d8, hn::Add(whole, hn::Set(di, 128))), d8, y + i);
  }
  for (; i < count; ++i) {
    const float scaled = x[i] * inverse;
    y[i] = static_cast<uint8_t>(128 + (std::isnan(scaled) ? 0 : static_cast<int>(std::nearbyint(scaled))));
  }
  return largest / 127.0f;
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(narrow_row);
HWY_EXPORT(widen_row);
HWY_EXPORT(quantize_row);

void convert_to_bf16(std::span<const float> x, std::span<Bf16> y) {
  MB_CHECK(x.size() == y.size());
  HWY_DYNAMIC_DISPATCH(narrow_row)(x.data(), y.data(), x.size());
}

void convert_to_float(std::span<const Bf16> x, std::span<float> y) {
  MB_CHECK(x.size() == y.size());
  HWY_DYNAMIC_DISPATCH(widen_row)(x.data(), y.data(), x.size());
}

void round_to_bf16(std::span<const float> x, std::span<float> y) {
  MB_CHECK(x.size() == y.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = to_float(to_bf16(x[i]));
}

float quantize(std::span<const float> x, std::span<uint8_t> y) {
  MB_CHECK(x.size() == y.size());
  return HWY_DYNAMIC_DISPATCH(quantize_row)(x.data(), y.data(), x.size());
}

}  // namespace modernbert
#endif
