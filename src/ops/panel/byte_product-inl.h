// Products of bytes, added up in 32 bits: as pairs of 16 bits on every CPU, as they are by AVX-VNNI.
#if defined(MODERNBERT_OPS_BYTE_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MODERNBERT_OPS_BYTE_PRODUCT_INL_H_
#undef MODERNBERT_OPS_BYTE_PRODUCT_INL_H_
#else
#define MODERNBERT_OPS_BYTE_PRODUCT_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// sum += a0 b0 + a1 b1 in each lane.   a, b: lanes of two signed 16-bit numbers.
template <class D, class V>
HWY_INLINE void add_pair_products([[maybe_unused]] D d, V a, V b, V& sum) {
#if HWY_TARGET == HWY_AVX2
  // Around the intrinsic of the addition GCC 12 keeps a kernel's sums on the stack.
  const auto products = _mm256_madd_epi16(a.raw, b.raw);
  asm("vpaddd %1, %0, %0" : "+x"(sum.raw) : "x"(products));
#elif HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  const hn::Repartition<int16_t, D> shorts;
  auto unused = hn::Zero(d);
  sum = hn::ReorderWidenMulAccumulate(d, hn::BitCast(shorts, a), hn::BitCast(shorts, b), sum, unused);
#elif HWY_TARGET == HWY_NEON
  const int16x8_t x = vreinterpretq_s16_s32(a.raw), y = vreinterpretq_s16_s32(b.raw);
  const int32x4_t products = vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
  sum.raw = vaddq_s32(sum.raw, products);
#else  // where ReorderWidenMulAccumulate adds up in another order
  const auto low = [](V pair) HWY_ATTR { return hn::ShiftRight<16>(hn::ShiftLeft<16>(pair)); };
  const auto high = [](V pair) HWY_ATTR { return hn::ShiftRight<16>(pair); };
  sum = hn::Add(sum, hn::Mul(low(a), low(b)));
  sum = hn::Add(sum, hn::Mul(high(a), high(b)));
#endif
}

#if HWY_TARGET == HWY_AVX2
// sum += a0 b0 + a1 b1 + a2 b2 + a3 b3 in each lane, where cpu_has_avx_vnni(). Assembly, since the rest of
// this target is for CPUs that lack the instruction.   a: four signed bytes; b: four unsigned ones.
template <class V>
HWY_INLINE void add_byte_products(V a, V b, V& sum) {
  asm("%{vex%} vpdpbusd %1, %2, %0" : "+x"(sum.raw) : "x"(a.raw), "x"(b.raw));
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
