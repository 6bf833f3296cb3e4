// Vectors of floats from rows of fp32 or bf16, and the walk over a row whose length need not be a multiple of
// the vector's: one loop serves both types.
#if defined(MODERNBERT_OPS_ELEMENT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MODERNBERT_OPS_ELEMENT_ROWS_INL_H_
#undef MODERNBERT_OPS_ELEMENT_ROWS_INL_H_
#else
#define MODERNBERT_OPS_ELEMENT_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include "ops/vector/bf16_store-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load_elements(D d, const float* from) {
  return hn::LoadU(d, from);
}
template <class D>
HWY_INLINE hn::Vec<D> load_elements(D d, const Bf16* from) {
  const hn::Rebind<uint16_t, D> d16;
  const hn::RebindToUnsigned<D> d32;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, &from->bits))));
}

// body(d, i) for whole vectors, then for single elements with a vector of one.
template <class Body>
HWY_INLINE void for_each_vector(int64_t count, Body body) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) body(d, i);
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) body(one, i);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
