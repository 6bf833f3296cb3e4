#include "ops/panel_kernel.h"

#if defined(__AVX512F__)
#include <immintrin.h>

namespace modernbert {
namespace {

[[gnu::noinline]] void multiply(const PanelTask& task) {
  constexpr int kVectors = 4;
  __m512 sums[kPanelRows][kVectors];
#pragma GCC unroll 6
  for (int64_t r = 0; r < kPanelRows; ++r) {
    const float* start = task.bias != nullptr ? task.bias : task.out + r * task.out_stride;
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_loadu_ps(start + 16 * v);
  }
  const auto* rows = reinterpret_cast<const float*>(task.rows);
  const auto* panel = reinterpret_cast<const float*>(task.panel);
  const auto* next = reinterpret_cast<const char*>(task.next);
  for (int64_t k = 0; k < task.depth; ++k, panel += kPanelColumns, rows += task.depth_stride) {
    __m512 columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = _mm512_loadu_ps(panel + 16 * v);
    if ((k & 3) == 0 && next != nullptr) {
      _mm_prefetch(next, _MM_HINT_T1);
      next += 64;
    }
    for (int64_t r = 0; r < kPanelRows; ++r) {
      const __m512 factor = _mm512_set1_ps(rows[r * task.row_stride]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_fmadd_ps(factor, columns[v], sums[r][v]);
    }
  }
#pragma GCC unroll 6
  for (int64_t r = 0; r < kPanelRows; ++r) {
    for (int v = 0; v < kVectors; ++v) _mm512_storeu_ps(task.out + r * task.out_stride + 16 * v, sums[r][v]);
  }
}

}  // namespace

PanelKernel fp32_panel_kernel() {
  return __builtin_cpu_supports("avx512f") ? multiply : nullptr;
}

}  // namespace modernbert
#else
namespace modernbert {

PanelKernel fp32_panel_kernel() {
  return nullptr;
}

}  // namespace modernbert
#endif
