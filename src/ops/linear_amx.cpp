// Up to 32 rows times a panel of 64 columns at a time. The unit multiplies so fast that the first-level cache
// is what holds it up: panels are stored in the blocks that its registers take, and the next panel is fetched
// into the second-level cache meanwhile (blocks 1.3 times as fast as rows of panels; fetching 1.1 times).
//
// An element's sum runs over the depth in order, whatever rows are beside it: a row's bits depend on nothing
// else.
#include "ops/linear_amx.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "ops/amx_unit.h"
#include "ops/cpu_features.h"
#include "ops/linear_scratch.h"
#include "ops/packed_weight.h"
#include "ops/panel_kernel_amx.h"

namespace modernbert {
namespace {

constexpr int64_t kMostRows = 192;  // of a tile: its activations and two panels stay in 2 MB

// Panels [depth][64] become [2 halves][depth/16][2][16][16]: 16 words of depth by 16 columns each.
void reorder_panels(PackedWeight& weight) {
  std::vector<uint32_t> rows(static_cast<size_t>(weight.panel_words()));
  for (int64_t panel = 0; panel < weight.panel_count(); ++panel) {
    uint32_t* to = weight.words.data() + panel * weight.panel_words();
    std::copy_n(to, rows.size(), rows.data());
    for (int64_t half = 0; half < 2; ++half) {
      for (int64_t k = 0; k < weight.depth; k += kAmxDepth) {
        for (int64_t column = 32 * half; column < 32 * (half + 1); column += kAmxColumns) {
          for (int64_t i = 0; i < kAmxDepth; ++i, to += kAmxColumns)
            std::copy_n(rows.data() + (k + i) * kPanelColumns + column, kAmxColumns, to);
        }
      }
    }
  }
}

class AmxLinear final : public Linear {
 public:
  AmxLinear(PackedWeight weight, bool has_bias) : weight_(std::move(weight)), has_bias_(has_bias) {
    reorder_panels(weight_);
  }

  int64_t in_features() const override { return weight_.in; }
  int64_t out_features() const override { return weight_.out; }
  RowType row_type() const override { return weight_.type; }
  int64_t max_tile_rows() const override { return kMostRows; }
  int64_t row_group() const override { return kAmxRows; }
  size_t packed_bytes() const override { return weight_.bytes(); }
  int64_t groups() const override { return weight_.groups(); }

  void run_tile(const RowsView& x, Range groups, LinearScratch& scratch,
                TileEpilogue epilogue) const override {
    check(x);
    const int64_t stride = weight_.panels_per_group * kPanelColumns;
    AlignedBuffer<float>& output = scratch.impl().output;
    output.reserve(static_cast<size_t>(kAmxRows * stride));
    const AmxScope unit;
    for (int64_t group = groups.begin; group < groups.end; ++group) {
      const int64_t column = group * weight_.group;
      const int64_t columns = std::min(weight_.group, weight_.out - column);
      for (int64_t row = 0; row < x.rows; row += kAmxRows) {
        for (int64_t i = 0; i < weight_.panels_per_group; ++i) {
          const int64_t panel = group * weight_.panels_per_group + i;
          AmxTask task = task_of(x, row, panel);
          task.out = output.data() + i * kPanelColumns;
          task.out_stride = stride;
          if (weight_.type == RowType::kInt8)
            multiply_int8(task, panel, x.scales + row);
          else
            multiply_bf16(task, panel);
        }
        epilogue(row, column,
                 MatView<float>(output.data(), std::min(kAmxRows, x.rows - row), columns, stride));
      }
    }
  }

  // Sums start from y itself.
  void add_tile(const RowsView& x, Range groups, LinearScratch& scratch, MatView<float> y) const override {
    const bool has_whole_panels = weight_.group == kPanelColumns && weight_.out % kPanelColumns == 0;
    if (!has_whole_panels || has_bias_ || weight_.type == RowType::kInt8)
      return Linear::add_tile(x, groups, scratch, y);
    check(x);
    AlignedBuffer<float>& last_rows = scratch.impl().output;
    last_rows.reserve(static_cast<size_t>(kAmxRows * kPanelColumns));
    const AmxScope unit;
    for (int64_t panel = groups.begin; panel < groups.end; ++panel) {
      for (int64_t row = 0; row < x.rows; row += kAmxRows) {
        AmxTask task = task_of(x, row, panel);
        float* part = y.row_data(row) + panel * kPanelColumns;
        if (task.row_count == kAmxRows) {
          add_in_place(task, part, y.stride);
        } else {
          add_by_copy(task, MatView<float>(part, task.row_count, kPanelColumns, y.stride), last_rows.data());
        }
      }
    }
  }

 private:
  void check(const RowsView& x) const {
    MB_CHECK(x.rows <= kMostRows && x.cols == weight_.in && x.type == weight_.type);
  }

  void multiply_bf16(AmxTask& task, int64_t panel) const {
    task.start = weight_.bias.data() + panel * kPanelColumns;
    multiply_amx_bf16_panel(task);
  }

  // The sums are exact, so they and what follows have the bits of the kernels without the unit.
  void multiply_int8(AmxTask& task, int64_t panel, const float* row_scales) const {
    const int64_t column = panel * kPanelColumns;
    task.start = weight_.offsets.data() + column;
    multiply_amx_int8_panel(task);
    scale_int8_sums({task.out, task.out_stride, task.row_count, row_scales, weight_.scales.data() + column,
                     weight_.bias.data() + column});
  }

  static void add_in_place(AmxTask& task, float* out, int64_t stride) {
    task.start = task.out = out;
    task.start_stride = task.out_stride = stride;
    multiply_amx_bf16_panel(task);
  }

  // The unit writes whole blocks, and y ends before.   rows: [32, 64] scratch.
  static void add_by_copy(AmxTask& task, MatView<float> y, float* rows) {
    for (int64_t r = 0; r < y.rows; ++r) std::ranges::copy(y.row(r), rows + r * kPanelColumns);
    add_in_place(task, rows, kPanelColumns);
    for (int64_t r = 0; r < y.rows; ++r) std::copy_n(rows + r * kPanelColumns, kPanelColumns, y.row_data(r));
  }

  AmxTask task_of(const RowsView& x, int64_t row, int64_t panel) const {
    AmxTask task{};
    task.rows = x.row(row);
    task.row_stride = x.stride;
    task.row_count = std::min(kAmxRows, x.rows - row);
    task.panel = weight_.panel(panel);
    task.depth = weight_.depth;
    fetch_next_panel(panel, row / kAmxRows, (x.rows + kAmxRows - 1) / kAmxRows, task);
    return task;
  }

  // Each group of rows fetches its part of the next panel.
  void fetch_next_panel(int64_t panel, int64_t row_group, int64_t row_groups, AmxTask& task) const {
    constexpr int64_t kLineWords = 16, kStepsPerDepth = 2;  // the halves
    if (panel + 1 >= weight_.panel_count()) return;
    const int64_t steps = kStepsPerDepth * weight_.depth / kAmxDepth;
    const int64_t lines = weight_.panel_words() / kLineWords;
    task.next_lines = (lines + steps * row_groups - 1) / (steps * row_groups);
    const int64_t ahead = row_group * steps * task.next_lines * kLineWords;
    if (ahead < weight_.panel_words()) task.next = weight_.panel(panel + 1) + ahead;
  }

  PackedWeight weight_;
  bool has_bias_;
};

}  // namespace

bool linear_amx_takes(GemmType type, int64_t in) {
  if (type == GemmType::kBf16) return cpu_has_amx_bf16() && in % (2 * kAmxDepth) == 0;
  return type == GemmType::kInt8 && cpu_has_amx_int8() && in % (4 * kAmxDepth) == 0;
}

std::unique_ptr<Linear> make_linear_amx(GemmType type, MatView<const float> weight,
                                        std::span<const float> bias, int64_t group) {
  return std::make_unique<AmxLinear>(pack_weight(row_type_of(type), weight, bias, group), !bias.empty());
}

}  // namespace modernbert
