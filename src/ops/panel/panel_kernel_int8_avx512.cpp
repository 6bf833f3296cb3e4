#include "ops/cpu/cpu_features.h"
#include "ops/panel/panel_kernel.h"

#if defined(__AVX512VNNI__)
#include "ops/panel/panel_kernel_avx512-inl.h"

namespace modernbert {
namespace {

// sum * row scale * column scale + bias of 16 columns.
inline __m512 scale(__m512i sum, float row_scale, const float* column_scales, const float* bias) {
  const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(row_scale));
  return _mm512_fmadd_ps(scaled, _mm512_loadu_ps(column_scales), _mm512_loadu_ps(bias));
}

// Whole numbers until the end: the sums are exact.
struct Int8Element {
  using Sum = __m512i;
  static Sum start(const PanelTask& task, int64_t r, int v) {
    return _mm512_loadu_si512(static_cast<const int32_t*>(task.start) + r * task.start_stride + 16 * v);
  }
  // a: signed columns, b: unsigned rows. Assembly because GCC 12 copies every sum to the stack around the
  // intrinsic, which halves the speed.
  static Sum multiply_add(__m512i a, __m512i b, Sum sum) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(b), "v"(a));
    return sum;
  }
  static __m512 finish(Sum sum, const PanelTask& task, int64_t r, int v) {
    if (task.row_scales == nullptr) return _mm512_castsi512_ps(sum);
    return scale(sum, task.row_scales[r], task.column_scales + 16 * v, task.bias + 16 * v);
  }
};

}  // namespace

PanelKernel int8_panel_kernel() {
  return cpu_has_vnni() ? multiply_panel<Int8Element> : nullptr;
}

void scale_int8_sums(const Int8Sums& task) {
  for (int64_t r = 0; r < task.rows; ++r) {
    float* out = task.out + r * task.out_stride;
    for (int64_t column = 0; column < kPanelColumns; column += 16) {
      const __m512i sum = _mm512_loadu_si512(task.sums + r * task.stride + column);
      const __m512 result = scale(sum, task.row_scales[r], task.column_scales + column, task.bias + column);
      _mm512_storeu_ps(out + column,
                       task.adds ? _mm512_add_ps(_mm512_loadu_ps(out + column), result) : result);
    }
  }
}

}  // namespace modernbert
#else
namespace modernbert {

PanelKernel int8_panel_kernel() {
  return nullptr;
}

void scale_int8_sums(const Int8Sums&) {}

}  // namespace modernbert
#endif
