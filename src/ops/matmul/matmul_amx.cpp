#include "ops/matmul/matmul_amx.h"

#include <omp.h>

#include <algorithm>
#include <type_traits>

#include "core/check.h"
#include "ops/cpu/amx_unit.h"
#include "ops/cpu/cpu_features.h"
#include "ops/cpu/share.h"
#include "ops/linear/linear.h"
#include "ops/panel/pack_amx.h"
#include "ops/panel/panel_kernel.h"
#include "ops/panel/panel_product_amx.h"
#include "ops/rowwise/norm_training.h"

namespace modernbert {
namespace {

constexpr int64_t kStep = 2 * kAmxDepth;   // numbers that one register is deep
constexpr int64_t kMostRows = 192;         // of a tile: its factors and two panels stay in 2 MB
constexpr int64_t kMostDepth = 1536;       // numbers that are summed at a time
constexpr int64_t kPackedWords = 1 << 20;  // of the panels that are packed at a time
constexpr int64_t kRowGap = 16;            // words between packed rows, which else would share cache sets

enum class Side {
  kRows,     // the rows of the matrix run along the sums
  kColumns,  // its columns do
};

template <class Out>
struct Product {
  MatView<const Bf16> a;  // becomes the rows of y
  Side a_side;
  MatView<const Bf16> b;  // becomes its columns
  Side b_side;
  const float* bias;  // null: none
  bool accumulates;
  MatView<Out> y;

  int64_t depth() const { return a_side == Side::kRows ? a.cols : a.rows; }

  void pack(int64_t panel, Range depth, uint32_t* to) const {
    if (b_side == Side::kRows)
      pack_rows(b.row_data(panel * kPanelColumns) + depth.begin, b.stride, depth.size() / 2, to);
    else
      pack_columns(b.row_data(depth.begin) + panel * kPanelColumns, b.stride, depth.size() / 2, to);
  }

  // Rows of y and a part of the depth, as the unit takes them.   packed: scratch.
  AmxFactors factors(Range rows, Range depth, AlignedBuffer<uint32_t>& packed) const {
    constexpr int64_t kWord = sizeof(uint32_t), kNumber = sizeof(Bf16);
    if (a_side == Side::kRows) {
      return {reinterpret_cast<const std::byte*>(a.row_data(rows.begin) + depth.begin), rows.size(),
              a.stride * kNumber};
    }
    const int64_t stride = depth.size() / 2 + kRowGap;
    packed.reserve(static_cast<size_t>(rows.size() * stride));
    transpose_columns(a.row_data(depth.begin) + rows.begin, a.stride, rows.size(), depth.size() / 2,
                      packed.data(), stride);
    return {reinterpret_cast<const std::byte*>(packed.data()), rows.size(), stride * kWord};
  }
};

// A part of the depth of some panels, packed.
struct Part {
  Range panels, depth;
  AmxPanels packed;
};

// Of one thread.
struct Scratch {
  AlignedBuffer<float> sums;     // [kMostRows, 64]
  AlignedBuffer<uint32_t> rows;  // packed
};

// The unit's loads and stores of rows far apart are not foreseen by the hardware.
template <class T>
void fetch(const MatView<T>& x) {
  constexpr int64_t kLine = 64;
  for (int64_t r = 0; r < x.rows; ++r) {
    const auto* row = reinterpret_cast<const std::byte*>(x.row_data(r));
    for (int64_t at = 0; at < x.cols * int64_t{sizeof(T)}; at += kLine) __builtin_prefetch(row + at, 0, 2);
  }
}

// Rows of a tile meet some panels of a part.   next: the thread's next tile, or none of its rows.
template <class Out>
void multiply_tile(const Product<Out>& op, const Part& part, Range rows, Range next, Range panels,
                   Scratch& scratch) {
  static constexpr float kZeros[kPanelColumns] = {};
  static const AmxKernels kKernels = amx_kernels(RowType::kBf16);
  const AmxFactors factors = op.factors(rows, part.depth, scratch.rows);
  const AmxSums between{scratch.sums.data(), kPanelColumns};
  const bool adds = op.accumulates || part.depth.begin > 0;
  const auto result = [&](int64_t panel) {
    return op.y.slice_rows(rows.begin, rows.size()).slice_cols(panel * kPanelColumns, kPanelColumns);
  };
  if (panels.size() > 0) fetch(result(panels.begin));
  for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
    const int64_t packed = panel - part.panels.begin;
    const MatView<Out> y = result(panel);
    if (panel + 1 < panels.end) fetch(result(panel + 1));
    if (op.a_side == Side::kRows) {
      const Range share =
          Share{static_cast<int>(panel - panels.begin), static_cast<int>(panels.size())}.of(next.size());
      fetch(op.a.slice_rows(next.begin + share.begin, share.size())
                .slice_cols(part.depth.begin, part.depth.size()));
    }
    const AmxSums start{op.bias != nullptr ? op.bias + panel * kPanelColumns : kZeros, 0};
    if constexpr (std::is_same_v<Out, float>) {
      const AmxSums out{y.data, y.stride};
      multiply_panel(kKernels, factors, part.packed, packed, adds ? out : start, out, between);
    } else {
      multiply_panel(kKernels, factors, part.packed, packed, start, between, between);
      round_rows<Bf16>(MatView<const float>(scratch.sums.data(), y.rows, kPanelColumns), y);
    }
  }
}

// The rows are divided among the threads, in tiles; where there are few, the columns are too.
struct Division {
  Division(int64_t rows, int count) : threads(count), down(count) {
    while (down > 1 && (threads % down != 0 || rows / down < kMostRows)) --down;
    tile_rows = even_tile_rows(rows, down, kMostRows, kAmxRows);
  }
  int threads, down;
  int64_t tile_rows;
};

template <class Out>
void multiply_part(const Product<Out>& op, const Part& part, const Division& division, uint32_t* words) {
#pragma omp parallel for schedule(static) num_threads(division.threads)
  for (int64_t panel = part.panels.begin; panel < part.panels.end; ++panel)
    op.pack(panel, part.depth, words + (panel - part.panels.begin) * part.packed.panel_words());
  const int across = division.threads / division.down;
#pragma omp parallel for schedule(static, 1) num_threads(division.threads)
  for (int i = 0; i < division.threads; ++i) {
    static thread_local Scratch scratch;
    scratch.sums.reserve(kMostRows * kPanelColumns);
    const AmxScope unit;
    const Range own = Share{i % across, across}.of(part.panels.size());
    const Range panels{part.panels.begin + own.begin, part.panels.begin + own.end};
    const auto rows_of = [&](int64_t tile) {
      return Range{std::min(tile * division.tile_rows, op.y.rows),
                   std::min((tile + 1) * division.tile_rows, op.y.rows)};
    };
    for (int64_t tile = i / across; rows_of(tile).size() > 0; tile += division.down)
      multiply_tile(op, part, rows_of(tile), rows_of(tile + division.down), panels, scratch);
  }
}

template <class Out>
void multiply(const Product<Out>& op) {
  MB_CHECK(matmul_amx_takes<Out>(op.y.rows, op.y.cols, op.depth()));
  static thread_local AlignedBuffer<uint32_t> words;
  const Division division(op.y.rows, omp_get_max_threads());
  const int64_t panels = op.y.cols / kPanelColumns, steps = op.depth() / kStep;
  const int parts = static_cast<int>((op.depth() + kMostDepth - 1) / kMostDepth);
  for (int i = 0; i < parts; ++i) {
    const Range step = Share{i, parts}.of(steps), depth{step.begin * kStep, step.end * kStep};
    const int64_t panel_words = depth.size() / 2 * kPanelColumns;
    const int64_t group = std::clamp<int64_t>(kPackedWords / panel_words, 1, panels);
    words.reserve(static_cast<size_t>(group * panel_words));
    for (int64_t first = 0; first < panels; first += group) {
      const Range range{first, std::min(first + group, panels)};
      const AmxPanels packed{words.data(), depth.size() / 2, range.size()};
      multiply_part(op, {range, depth, packed}, division, words.data());
    }
  }
}

}  // namespace

template <class Out>
bool matmul_amx_takes(int64_t rows, int64_t cols, int64_t depth) {
  if (!std::is_same_v<Out, float> && depth > kMostDepth) return false;
  return cpu_has_amx_bf16() && rows % kAmxRows == 0 && cols % kPanelColumns == 0 && depth % kStep == 0;
}

template <class Out>
void multiply_by_rows_amx(MatView<const Bf16> x, MatView<const Bf16> w, const float* bias, MatView<Out> y) {
  multiply(Product<Out>{x, Side::kRows, w, Side::kRows, bias, false, y});
}

template <class Out>
void multiply_by_columns_amx(MatView<const Bf16> x, MatView<const Bf16> w, MatView<Out> y) {
  multiply(Product<Out>{x, Side::kRows, w, Side::kColumns, nullptr, false, y});
}

void add_transposed_product_amx(MatView<const Bf16> a, MatView<const Bf16> b, MatView<float> y) {
  multiply(Product<float>{a, Side::kColumns, b, Side::kColumns, nullptr, true, y});
}

template bool matmul_amx_takes<float>(int64_t, int64_t, int64_t);
template bool matmul_amx_takes<Bf16>(int64_t, int64_t, int64_t);
template void multiply_by_rows_amx(MatView<const Bf16>, MatView<const Bf16>, const float*, MatView<float>);
template void multiply_by_rows_amx(MatView<const Bf16>, MatView<const Bf16>, const float*, MatView<Bf16>);
template void multiply_by_columns_amx(MatView<const Bf16>, MatView<const Bf16>, MatView<float>);
template void multiply_by_columns_amx(MatView<const Bf16>, MatView<const Bf16>, MatView<Bf16>);

}  // namespace modernbert
