// The panel kernels in Highway, for CPUs without AVX-512: two vectors of columns at a time, whose sums for
// six rows fit 16 registers. bf16 words are multiplied as two floats.
#include <bit>

#include "ops/panel_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/panel_kernel_portable.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kPanelColumns / 4>;
using Words = hn::RebindToUnsigned<Floats>;
constexpr Floats kFloats;
constexpr Words kWords;
constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(kFloats));
constexpr int kVectors = 2;
using FloatVec = hn::Vec<Floats>;
using WordVec = hn::Vec<Words>;

struct Fp32Words {
  static HWY_INLINE FloatVec multiply_add(WordVec column, uint32_t row, FloatVec sum) {
    return hn::MulAdd(hn::BitCast(kFloats, column), hn::Set(kFloats, std::bit_cast<float>(row)), sum);
  }
};

struct Bf16Words {
  static HWY_INLINE FloatVec multiply_add(WordVec column, uint32_t row, FloatVec sum) {
    const auto even = hn::BitCast(kFloats, hn::ShiftLeft<16>(column));
    const auto odd = hn::BitCast(kFloats, hn::And(column, hn::Set(kWords, 0xFFFF0000u)));
    sum = hn::MulAdd(even, hn::Set(kFloats, std::bit_cast<float>(row << 16)), sum);
    return hn::MulAdd(odd, hn::Set(kFloats, std::bit_cast<float>(row & 0xFFFF0000u)), sum);
  }
};

constexpr int64_t kLineWords = 16;

HWY_INLINE void fetch(const uint32_t* line) {
  constexpr int kForReading = 0, kSecondLevel = 2;
  __builtin_prefetch(line, kForReading, kSecondLevel);
}

// Columns [column, column + kVectors * kLanes) of the panel.
template <class Element>
HWY_INLINE void multiply_columns(const PanelTask& task, int64_t column) {
  FloatVec sums[kPanelRows][kVectors];
  for (int64_t r = 0; r < kPanelRows; ++r) {
    const float* start = task.bias != nullptr ? task.bias : task.out + r * task.out_stride;
    for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::LoadU(kFloats, start + column + v * kLanes);
  }
  const uint32_t* rows = task.rows;
  const uint32_t* panel = task.panel + column;
  // The first columns' pass fetches all of the next panel's part.
  const uint32_t* next = task.next;
  const int64_t next_lines = column == 0 && next != nullptr ? task.next_lines : 0;
  for (int64_t k = 0; k < task.depth; ++k, panel += kPanelColumns, rows += task.depth_stride) {
    if ((k & 3) == 0) {
      for (int64_t i = 0; i < next_lines; ++i, next += kLineWords) fetch(next);
    }
    WordVec columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::LoadU(kWords, panel + v * kLanes);
    for (int64_t r = 0; r < kPanelRows; ++r) {
      const uint32_t row = rows[r * task.row_stride];
      for (int v = 0; v < kVectors; ++v) sums[r][v] = Element::multiply_add(columns[v], row, sums[r][v]);
    }
  }
  for (int64_t r = 0; r < kPanelRows; ++r) {
    float* out = task.out + r * task.out_stride + column;
    for (int v = 0; v < kVectors; ++v) {
      if (task.adds) sums[r][v] = hn::Add(hn::LoadU(kFloats, out + v * kLanes), sums[r][v]);
      hn::StoreU(sums[r][v], kFloats, out + v * kLanes);
    }
  }
}

template <class Element>
HWY_INLINE void multiply_panel(const PanelTask& shared_task) {
  const PanelTask task = shared_task;  // a copy that stores to `out` cannot change
  for (int64_t column = 0; column < kPanelColumns; column += kVectors * kLanes)
    multiply_columns<Element>(task, column);
}

void multiply_fp32(const PanelTask& task) {
  multiply_panel<Fp32Words>(task);
}

void multiply_bf16(const PanelTask& task) {
  multiply_panel<Bf16Words>(task);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(multiply_fp32);
HWY_EXPORT(multiply_bf16);

void portable_fp32_panel(const PanelTask& task) {
  HWY_DYNAMIC_DISPATCH(multiply_fp32)(task);
}

void portable_bf16_panel(const PanelTask& task) {
  HWY_DYNAMIC_DISPATCH(multiply_bf16)(task);
}

}  // namespace modernbert
#endif
