#include "ops/attention/attention_panel.h"

#if defined(__AVX512BF16__)
#include "ops/attention/attention_kernels_avx512-inl.h"
#include "ops/panel/float_elements_avx512-inl.h"

namespace modernbert {
namespace {

// Two vectors rounded to bf16 (nearest even): `low` in lanes 0 to 15, `high` in lanes 16 to 31.
inline __m512i round_two(__m512 low, __m512 high) {
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// The same, in pairs: each word holds an even value below and an odd one above.
inline __m512i round_pairs(__m512 even, __m512 odd) {
  const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,
                                              23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(interleave, round_two(even, odd));
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
    const __m512i pairs = round_pairs(weights[0], weights[1]);
    _mm512_storeu_si512(to, pairs);
    return _mm512_dpbf16_ps(sum, (__m512bh)pairs, (__m512bh)_mm512_set1_epi32(0x3F803F80));
  }
};

constexpr int64_t kRowWords = kPanelHeadDim / 2;

void store_rows(const MatView<const float>& values, uint32_t* rows) {
  for (int64_t r = 0; r < values.rows; ++r) {
    const float* from = values.row_data(r);
    for (int64_t i = 0; i < kPanelHeadDim; i += 2 * kLanes) {
      _mm512_storeu_si512(rows + r * kRowWords + i / 2,
                          round_two(_mm512_loadu_ps(from + i), _mm512_loadu_ps(from + i + kLanes)));
    }
  }
}

void store_rotated_rows(const MatView<const float>& values, const float* cos, const float* sin, float scale,
                        uint32_t* rows) {
  for (int64_t r = 0; r < values.rows; ++r) {
    const HeadRow head = rotated(values.row_data(r), cos + r * kHalfHead, sin + r * kHalfHead, scale);
    _mm512_storeu_si512(rows + r * kRowWords, round_two(head.values[0], head.values[1]));
    _mm512_storeu_si512(rows + r * kRowWords + kLanes, round_two(head.values[2], head.values[3]));
  }
}

// Of an even key and the one after it.
inline void store_value_pair(const float* even, const float* odd, uint32_t* words) {
  for (int64_t i = 0; i < kPanelHeadDim; i += kLanes)
    _mm512_storeu_si512(words + i, round_pairs(_mm512_loadu_ps(even + i), _mm512_loadu_ps(odd + i)));
}

// Of one key: the other halves of its words are its neighbour's, which another thread may be writing.
inline void store_value(const float* values, bool is_high, uint32_t* words) {
  const __mmask32 halves = is_high ? 0xAAAAAAAA : 0x55555555;
  for (int64_t i = 0; i < kPanelHeadDim; i += kLanes) {
    __m512i wide = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(values + i)));
    if (is_high) wide = _mm512_slli_epi32(wide, 16);
    _mm512_mask_storeu_epi16(words + i, halves, wide);
  }
}

void store_values(const MatView<const float>& values, int64_t key, uint32_t* v) {
  for (int64_t r = 0; r < values.rows;) {
    uint32_t* words = v + (key + r) / 2 * kPanelHeadDim;
    const bool is_high = (key + r) % 2 != 0;
    if (is_high || r + 1 == values.rows) {
      store_value(values.row_data(r), is_high, words);
      r += 1;
    } else {
      store_value_pair(values.row_data(r), values.row_data(r + 1), words);
      r += 2;
    }
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
                                           store_rows,
                                           store_rotated_rows,
                                           store_values,
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
