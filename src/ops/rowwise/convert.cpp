#include "ops/rowwise/convert.h"

#include <algorithm>
#include <bit>

#include "core/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rowwise/convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/vector/bf16_store-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {

void narrow_row(const float* x, Bf16* y, size_t count) {
  const hn::ScalableTag<float> d;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) store_rounded(d, hn::LoadU(d, x + i), y + i);
  for (; i < count; ++i) y[i] = to_bf16(x[i]);
}

using Floats = hn::ScalableTag<float>;
using Bits = hn::RebindToUnsigned<Floats>;

HWY_INLINE hn::Vec<Floats> load_floats(const float* x) {
  return hn::LoadU(Floats(), x);
}
HWY_INLINE hn::Vec<Floats> load_floats(const Bf16* x) {
  const hn::Rebind<uint16_t, Floats> halves;
  return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(Bits(), hn::LoadU(halves, &x->bits))));
}
HWY_INLINE float float_of(float x) {
  return x;
}
HWY_INLINE float float_of(Bf16 x) {
  return to_float(x);
}

void widen_row(const Bf16* x, float* y, size_t count) {
  const Floats d;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) hn::StoreU(load_floats(x + i), d, y + i);
  for (; i < count; ++i) y[i] = to_float(x[i]);
}

// The largest magnitude; NaN where there is one. Magnitudes are ordered as their bits are, NaN above all.
template <class E>
HWY_INLINE float largest_magnitude(const E* x, size_t count) {
  const Bits d;
  const size_t lanes = hn::Lanes(d);
  const auto without_sign = hn::Set(d, 0x7FFFFFFFu);
  const auto magnitudes = [&](size_t i)
                              HWY_ATTR { return hn::And(hn::BitCast(d, load_floats(x + i)), without_sign); };
  auto m0 = hn::Zero(d), m1 = hn::Zero(d), m2 = hn::Zero(d), m3 = hn::Zero(d);
  size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    m0 = hn::Max(m0, magnitudes(i));
    m1 = hn::Max(m1, magnitudes(i + lanes));
    m2 = hn::Max(m2, magnitudes(i + 2 * lanes));
    m3 = hn::Max(m3, magnitudes(i + 3 * lanes));
  }
  for (; i + lanes <= count; i += lanes) m0 = hn::Max(m0, magnitudes(i));
  uint32_t largest = hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(m0, m1), hn::Max(m2, m3))));
  for (; i < count; ++i) largest = std::max(largest, std::bit_cast<uint32_t>(float_of(x[i])) & 0x7FFFFFFFu);
  return std::bit_cast<float>(largest);
}

// Added to a number of at most seven bits, it leaves 128 and the number, rounded to nearest even, in the
// lowest byte.
constexpr float kRounder = 0x1.8p23f + 128.0f;

template <class E>
HWY_INLINE float quantize_values(const E* x, uint8_t* y, size_t count) {
  const Floats d;
  const hn::Rebind<uint8_t, Floats> bytes;
  const float largest = largest_magnitude(x, count);
  const float inverse = largest > kMinMagnitude ? 127.0f / largest : 0.0f;
  const auto factor = hn::Set(d, inverse), rounder = hn::Set(d, kRounder);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto rounded = hn::Add(hn::Mul(load_floats(x + i), factor), rounder);
    hn::StoreU(hn::TruncateTo(bytes, hn::BitCast(Bits(), rounded)), bytes, y + i);
  }
  for (; i < count; ++i)
    y[i] = static_cast<uint8_t>(std::bit_cast<uint32_t>(float_of(x[i]) * inverse + kRounder));
  return largest / 127.0f;
}

float quantize_floats(const float* x, uint8_t* y, size_t count) {
  return quantize_values(x, y, count);
}

float quantize_halves(const Bf16* x, uint8_t* y, size_t count) {
  return quantize_values(x, y, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(narrow_row);
HWY_EXPORT(widen_row);
HWY_EXPORT(quantize_floats);
HWY_EXPORT(quantize_halves);

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
  return HWY_DYNAMIC_DISPATCH(quantize_floats)(x.data(), y.data(), x.size());
}

float quantize(std::span<const Bf16> x, std::span<uint8_t> y) {
  MB_CHECK(x.size() == y.size());
  return HWY_DYNAMIC_DISPATCH(quantize_halves)(x.data(), y.data(), x.size());
}

}  // namespace modernbert
#endif
