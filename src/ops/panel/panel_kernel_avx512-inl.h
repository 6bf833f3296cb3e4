// The loop that the panel kernels share; `Element` says how words are multiplied and where sums start and
// end. Included by one file per element type, which is compiled for that type's instructions.
#pragma once

#include <immintrin.h>

#include "ops/panel/panel_kernel.h"

namespace modernbert {
namespace {

constexpr int kPanelVectors = 4;

template <class Element, int64_t kRows>
inline void store_sums(const typename Element::Sum (&sums)[kRows][kPanelVectors], const PanelTask& task) {
#pragma GCC unroll 6
  for (int64_t r = 0; r < kRows; ++r) {
    float* out = task.out + r * task.out_stride;
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) {
      const __m512 result = Element::finish(sums[r][v], task, r, v);
      _mm512_storeu_ps(out + 16 * v,
                       task.adds ? _mm512_add_ps(_mm512_loadu_ps(out + 16 * v), result) : result);
    }
  }
}

// Line 0 to 23 of the block of outputs to come. A few at a time: more misses under way would hold up those of
// the panel.
inline void fetch_output_line(const PanelTask& task, int64_t line) {
  if (line >= kPanelRows * kPanelVectors) return;
  const float* row = task.next_out + line / kPanelVectors * task.next_out_stride;
  _mm_prefetch(reinterpret_cast<const char*>(row + line % kPanelVectors * 16), _MM_HINT_T1);
}

// The first kRows rows. Of six, 24 sums, 4 vectors of the panel and one factor fill the 32 registers.
template <class Element, int64_t kRows>
[[gnu::noinline]] void multiply_rows(const PanelTask& shared_task) {
  const PanelTask task = shared_task;  // a copy that stores to `out` cannot change
  typename Element::Sum sums[kRows][kPanelVectors];
#pragma GCC unroll 6
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) sums[r][v] = Element::start(task, r, v);
  }
  const uint32_t* rows = task.rows;
  const uint32_t* panel = task.panel;
  const auto step = [&]() __attribute__((always_inline)) {
    __m512i columns[kPanelVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) columns[v] = _mm512_loadu_si512(panel + 16 * v);
#pragma GCC unroll 6
    for (int64_t r = 0; r < kRows; ++r) {
      const __m512i factor = _mm512_set1_epi32(static_cast<int>(rows[r * task.row_stride]));
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v)
        sums[r][v] = Element::multiply_add(columns[v], factor, sums[r][v]);
    }
    panel += kPanelColumns;
    rows += task.depth_stride;
  };
  const uint32_t* next = task.next;
  const int64_t next_lines = task.next != nullptr ? task.next_lines : 0;
  int64_t k = 0;
  for (; k + 4 <= task.depth; k += 4) {
    for (int64_t i = 0; i < next_lines; ++i, next += 16)
      _mm_prefetch(reinterpret_cast<const char*>(next), _MM_HINT_T1);
    if ((k & 12) == 0 && task.next_out != nullptr) fetch_output_line(task, task.next_out_line + k / 16);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) step();
  }
  for (; k < task.depth; ++k) step();
  store_sums<Element, kRows>(sums, task);
}

template <class Element>
void multiply_panel(const PanelTask& task) {
  task.rows_wanted <= kFewRows ? multiply_rows<Element, kFewRows>(task)
                               : multiply_rows<Element, kPanelRows>(task);
}

}  // namespace
}  // namespace modernbert
