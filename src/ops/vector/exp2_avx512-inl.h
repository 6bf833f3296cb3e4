// Powers of two as exact as results in bf16 need them; for files compiled for AVX-512 with DQ.
#pragma once

#include <immintrin.h>

namespace modernbert {
namespace {

// 2^f on [0, 1): relative error 7.5e-5, a twentieth of what rounding to bf16 may cost.
inline __m512 exp2_of_fraction(__m512 f) {
  __m512 p = _mm512_set1_ps(0.0780245215f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.226067156f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.695833564f));
  return _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.999925196f));
}

// 2^x with that error.
inline __m512 exp2_for_bf16(__m512 x) {
  return _mm512_scalef_ps(exp2_of_fraction(_mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF)), x);
}

}  // namespace
}  // namespace modernbert
