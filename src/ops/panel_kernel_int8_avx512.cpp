#include "ops/cpu_features.h"
#include "ops/panel_kernel.h"

#if defined(__AVX512VNNI__)
#include "ops/panel_kernel_avx512-inl.h"

namespace modernbert {
namespace {

// Whole numbers until the end: the sums are exact.
struct Int8Element {
  using Sum = __m512i;
  static Sum start(const PanelTask& task, int64_t, int v) {
    return _mm512_loadu_si512(task.offsets + 16 * v);
  }
  // a: signed columns, b: unsigned rows. Assembly because GCC 12 copies every sum to the stack around the
  // intrinsic, which halves the speed.
  static Sum multiply_add(__m512i a, __m512i b, Sum sum) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(b), "v"(a));
    return sum;
  }
  static __m512 finish(Sum sum, const PanelTask& task, int64_t r, int v) {
    const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(task.row_scales[r]));
    return _mm512_fmadd_ps(scaled, _mm512_loadu_ps(task.column_scales + 16 * v),
                           _mm512_loadu_ps(task.bias + 16 * v));
  }
};

}  // namespace

PanelKernel int8_panel_kernel() {
  return cpu_has_vnni() ? multiply_panel<Int8Element> : nullptr;
}

}  // namespace modernbert
#else
namespace modernbert {

PanelKernel int8_panel_kernel() {
  return nullptr;
}

}  // namespace modernbert
#endif
