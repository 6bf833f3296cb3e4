#include "ops/attention_panel.h"

#if defined(__AVX512BF16__)
#include "ops/attention_kernels_avx512-inl.h"
#include "ops/float_elements_avx512-inl.h"

namespace modernbert {
namespace {

// Two vectors rounded to bf16 (nearest even): `low` in lanes 0 to 15, `high` in lanes 16 to 31.
inline __m512i round_two(__m512 low, __m512 high) {
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

struct Bf16Weights {
  // 2^f on [-0.5, 0.5] as 1 + f*p(f): relative error 2.9e-6, far below that of the rounding to come.
  static __m512 exp2_fraction(__m512 f) {
    __m512 p = _mm512_set1_ps(0.00958285294f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.0559064262f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.240240991f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.693124175f));
    return _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
  }
  // The sums are those of the rounded weights, so that rounding cannot shift a whole row one way: a product
  // with pairs of ones.
  static __m512 store(const __m512 (&weights)[2], __m512 sum, uint32_t* to) {
    const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,
                                                23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i pairs = _mm512_permutexvar_epi16(interleave, round_two(weights[0], weights[1]));
    _mm512_storeu_si512(to, pairs);
    return _mm512_dpbf16_ps(sum, (__m512bh)pairs, (__m512bh)_mm512_set1_epi32(0x3F803F80));
  }
};

void store_row(const float* values, uint32_t* row) {
  for (int64_t i = 0; i < kPanelHeadDim; i += 2 * kLanes) {
    _mm512_storeu_si512(row + i / 2,
                        round_two(_mm512_loadu_ps(values + i), _mm512_loadu_ps(values + i + kLanes)));
  }
}

void store_rotated_row(const float* values, const float* cos, const float* sin, float scale, uint32_t* row) {
  const HeadRow head = rotated(values, cos, sin, scale);
  _mm512_storeu_si512(row, round_two(head.values[0], head.values[1]));
  _mm512_storeu_si512(row + kLanes, round_two(head.values[2], head.values[3]));
}

// Two neighbouring keys share words; each writes its own halves, maybe from another thread.
void store_value(const float* values, int64_t row, uint32_t* v) {
  uint32_t* words = v + row / 2 * kPanelHeadDim;
  const bool is_high = row % 2 != 0;
  const __mmask32 halves = is_high ? 0xAAAAAAAA : 0x55555555;
  for (int64_t i = 0; i < kPanelHeadDim; i += kLanes) {
    __m512i wide = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(values + i)));
    if (is_high) wide = _mm512_slli_epi32(wide, 16);
    _mm512_mask_storeu_epi16(words + i, halves, wide);
  }
}

void store_scaled(const float* in, const float* scales, int64_t rows, std::byte* out, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r) {
    const __m512 scale = _mm512_set1_ps(scales[r]);
    const float* from = in + r * kPanelHeadDim;
    for (int64_t i = 0; i < kPanelHeadDim; i += 2 * kLanes) {
      const __m512 low = _mm512_mul_ps(_mm512_loadu_ps(from + i), scale);
      const __m512 high = _mm512_mul_ps(_mm512_loadu_ps(from + i + kLanes), scale);
      _mm512_storeu_si512(out + r * stride + 2 * i, round_two(low, high));
    }
  }
}

}  // namespace

const AttentionKernels* bf16_attention_kernels() {
  static const AttentionKernels kernels = {RowType::kBf16,
                                           2,
                                           bf16_panel_kernel(),
                                           weigh<Bf16Element, Bf16Weights>,
                                           raise_maxima<Bf16Element>,
                                           transpose<Bf16Element>,
                                           store_row,
                                           store_rotated_row,
                                           store_value,
                                           store_scaled};
  return kernels.multiply == nullptr ? nullptr : &kernels;
}

}  // namespace modernbert
#else
namespace modernbert {

const AttentionKernels* bf16_attention_kernels() {
  return nullptr;
}

}  // namespace modernbert
#endif
