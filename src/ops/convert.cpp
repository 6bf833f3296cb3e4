#include "ops/convert.h"

#include "core/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Bits of x rounded to a multiple of 2^16, as to_bf16 does; finite values and infinities only.
template <class D, class V>
HWY_INLINE V round_bits(D d, V bits) {
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1u));
  return hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7FFFu)));
}

void convert_row(const float* x, uint16_t* y, size_t count) {
  const hn::ScalableTag<float> df;
  const hn::RebindToUnsigned<decltype(df)> du;
  const hn::Rebind<uint16_t, decltype(du)> d16;
  const size_t lanes = hn::Lanes(df);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::LoadU(df, x + i);
    const auto bits = hn::BitCast(du, value);
    const auto nan = hn::RebindMask(du, hn::IsNaN(value));
    const auto rounded = hn::IfThenElse(nan, hn::Or(bits, hn::Set(du, 0x400000u)), round_bits(du, bits));
    hn::StoreU(hn::TruncateTo(d16, hn::ShiftRight<16>(rounded)), d16, y + i);
  }
  for (; i < count; ++i) y[i] = to_bf16(x[i]).bits;
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(convert_row);

void convert_to_bf16(std::span<const float> x, std::span<Bf16> y) {
  MB_CHECK(x.size() == y.size());
  static_assert(sizeof(Bf16) == sizeof(uint16_t));
  HWY_DYNAMIC_DISPATCH(convert_row)(x.data(), &y.data()->bits, x.size());
}

void round_to_bf16(std::span<const float> x, std::span<float> y) {
  MB_CHECK(x.size() == y.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = to_float(to_bf16(x[i]));
}

}  // namespace modernbert
#endif
