// Storing vectors of floats as they are or rounded to bf16, so that one loop serves both.
#if defined(MODERNBERT_OPS_BF16_STORE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MODERNBERT_OPS_BF16_STORE_INL_H_
#undef MODERNBERT_OPS_BF16_STORE_INL_H_
#else
#define MODERNBERT_OPS_BF16_STORE_INL_H_
#endif

#include <hwy/highway.h>

#include "tensor/dtype.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V>
HWY_INLINE void store_rounded(D d, V value, float* to) {
  hn::StoreU(value, d, to);
}

// Round to nearest even, as to_bf16 does; a NaN keeps its sign and becomes quiet.
template <class D, class V>
HWY_INLINE void store_rounded(D, V value, Bf16* to) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> d16;
  const auto bits = hn::BitCast(du, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7FFFu)));
  const auto nan = hn::RebindMask(du, hn::IsNaN(value));
  const auto result = hn::IfThenElse(nan, hn::Or(bits, hn::Set(du, 0x400000u)), rounded);
  hn::StoreU(hn::TruncateTo(d16, hn::ShiftRight<16>(result)), d16, &to->bits);
}

HWY_INLINE void store_rounded_one(float value, float* to) {
  *to = value;
}
HWY_INLINE void store_rounded_one(float value, Bf16* to) {
  *to = to_bf16(value);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
