#include "ops/attention/attention_panel.h"

#if defined(__AVX512F__)
#include "ops/attention/attention_kernels_avx512-inl.h"
#include "ops/panel/float_elements_avx512-inl.h"

namespace modernbert {
namespace {

struct Fp32Weights {
  // 2^f on [-0.5, 0.5] as 1 + f*p(f): relative error 2.0e-9, 1e-7 as computed.
  static __m512 exp2_fraction(__m512 f) {
    __m512 p = _mm512_set1_ps(0.000153533620f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.00133988750f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.00961843692f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.0555033237f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.240226477f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.693147182f));
    return _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
  }
  static __m512 store(const __m512 (&weights)[1], __m512 sum, uint32_t* to) {
    _mm512_storeu_ps(to, weights[0]);
    return _mm512_add_ps(sum, weights[0]);
  }
};

void store_rows(const MatView<const float>& values, uint32_t* rows) {
  for (int64_t r = 0; r < values.rows; ++r)
    std::memcpy(rows + r * kPanelHeadDim, values.row_data(r), kPanelHeadDim * sizeof(float));
}

void store_rotated_rows(const MatView<const float>& values, const float* cos, const float* sin, float scale,
                        uint32_t* rows) {
  for (int64_t r = 0; r < values.rows; ++r) {
    const HeadRow head = rotated(values.row_data(r), cos + r * kHalfHead, sin + r * kHalfHead, scale);
    for (int64_t i = 0; i < 4; ++i) _mm512_storeu_ps(rows + r * kPanelHeadDim + i * kLanes, head.values[i]);
  }
}

void store_values(const MatView<const float>& values, int64_t key, uint32_t* v) {
  store_rows(values, v + key * kPanelHeadDim);
}

void store_scaled(const float* in, const float* scales, int64_t rows, std::byte* out, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r) {
    const __m512 scale = _mm512_set1_ps(scales[r]);
    for (int64_t i = 0; i < kPanelHeadDim; i += kLanes) {
      _mm512_storeu_ps(reinterpret_cast<float*>(out + r * stride) + i,
                       _mm512_mul_ps(_mm512_loadu_ps(in + r * kPanelHeadDim + i), scale));
    }
  }
}

}  // namespace

const AttentionKernels* fp32_attention_kernels() {
  static const AttentionKernels kernels = {RowType::kFp32,
                                           1,
                                           fp32_panel_kernel(),
                                           weigh<Fp32Element, Fp32Weights>,
                                           raise_maxima<Fp32Element>,
                                           transpose<Fp32Element>,
                                           store_rows,
                                           store_rotated_rows,
                                           store_values,
                                           store_scaled};
  return kernels.multiply == nullptr ? nullptr : &kernels;
}

}  // namespace modernbert
#else
namespace modernbert {

const AttentionKernels* fp32_attention_kernels() {
  return nullptr;
}

}  // namespace modernbert
#endif
