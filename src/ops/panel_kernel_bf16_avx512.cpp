#include "ops/cpu_features.h"
#include "ops/panel_kernel.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>

namespace modernbert {
namespace {

// The instruction adds the products of a pair to the sum, even element last; subnormal factors count as zero.
[[gnu::noinline]] void multiply(const PanelTask& task) {
  constexpr int kVectors = 4;
  __m512 sums[kPanelRows][kVectors];
#pragma GCC unroll 6
  for (int64_t r = 0; r < kPanelRows; ++r) {
    const float* start = task.bias != nullptr ? task.bias : task.out + r * task.out_stride;
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_loadu_ps(start + 16 * v);
  }
  const uint32_t* rows = task.rows;
  const uint32_t* panel = task.panel;
  const auto* next = reinterpret_cast<const char*>(task.next);
  for (int64_t k = 0; k < task.depth; ++k, panel += kPanelColumns, rows += task.depth_stride) {
    __m512i columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = _mm512_loadu_si512(panel + 16 * v);
    if ((k & 3) == 0 && next != nullptr) {
      _mm_prefetch(next, _MM_HINT_T1);
      next += 64;
    }
    for (int64_t r = 0; r < kPanelRows; ++r) {
      const __m512i factor = _mm512_set1_epi32(static_cast<int>(rows[r * task.row_stride]));
      for (int v = 0; v < kVectors; ++v)
        sums[r][v] = _mm512_dpbf16_ps(sums[r][v], (__m512bh)columns[v], (__m512bh)factor);
    }
  }
#pragma GCC unroll 6
  for (int64_t r = 0; r < kPanelRows; ++r) {
    for (int v = 0; v < kVectors; ++v) _mm512_storeu_ps(task.out + r * task.out_stride + 16 * v, sums[r][v]);
  }
}

}  // namespace

PanelKernel bf16_panel_kernel() {
  return cpu_has_bf16() ? multiply : nullptr;
}

}  // namespace modernbert
#else
namespace modernbert {

PanelKernel bf16_panel_kernel() {
  return nullptr;
}

}  // namespace modernbert
#endif
