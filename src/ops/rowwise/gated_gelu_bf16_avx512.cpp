#include "ops/rowwise/gated_gelu_bf16.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>

#include "ops/cpu/cpu_features.h"
#include "ops/vector/exp2_avx512-inl.h"

namespace modernbert {
namespace {

constexpr int64_t kLanes = 16, kBlock = 2 * kLanes;

// max(x, 0) - |x| Φ(-|x|) with Φ(-a) = 2^q(a): q is fitted to log2(erfc(a/√2)/2) on [0, 9] so that the
// power's relative error is 6.8e-5 at most. Unlike t = 1/(1 + pa) and a polynomial in t, it needs no
// division.
inline __m512 gelu(__m512 x) {
  // In this order the minimum of a NaN is the NaN.
  const __m512 a = _mm512_min_ps(_mm512_set1_ps(9.0f), _mm512_abs_ps(x));
  __m512 q = _mm512_set1_ps(-9.77760237e-07f);
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(4.03974736e-05f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-0.000723609526f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(0.00750289764f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-0.0514463671f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-0.46146968f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-1.14989293f));
  q = _mm512_fmadd_ps(q, a, _mm512_set1_ps(-1.00009847f));
  return _mm512_fnmadd_ps(a, exp2_for_bf16(q), _mm512_max_ps(x, _mm512_setzero_ps()));
}

inline __m512 gated(const float* u, const float* g, __mmask16 lanes) {
  return _mm512_mul_ps(gelu(_mm512_maskz_loadu_ps(lanes, u)), _mm512_maskz_loadu_ps(lanes, g));
}

// 32 columns, or those that `lanes` names.
inline void gated_block(const float* u, const float* g, __mmask32 lanes, Bf16* y) {
  const __m512 low = gated(u, g, static_cast<__mmask16>(lanes));
  const __m512 high = gated(u + kLanes, g + kLanes, static_cast<__mmask16>(lanes >> kLanes));
  _mm512_mask_storeu_epi16(y, lanes, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
}

// The last columns by masks: an element's result does not depend on its place.
void gated_gelu(const MatView<const float>& u, const MatView<const float>& g, const MatView<Bf16>& y) {
  for (int64_t r = 0; r < y.rows; ++r) {
    const float *from = u.row_data(r), *gate = g.row_data(r);
    Bf16* to = y.row_data(r);
    int64_t c = 0;
    for (; c + kBlock <= y.cols; c += kBlock) gated_block(from + c, gate + c, 0xFFFFFFFF, to + c);
    if (c == y.cols) continue;
    const auto lanes = static_cast<__mmask32>((1u << (y.cols - c)) - 1);
    gated_block(from + c, gate + c, lanes, to + c);
  }
}

}  // namespace

GatedGeluKernel bf16_gated_gelu_kernel() {
  return cpu_has_bf16() ? gated_gelu : nullptr;
}

}  // namespace modernbert
#else
namespace modernbert {

GatedGeluKernel bf16_gated_gelu_kernel() {
  return nullptr;
}

}  // namespace modernbert
#endif
