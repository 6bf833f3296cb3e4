// Weights packed into panels of 64 columns. Six rows of a tile are multiplied by a group of panels and go to
// the epilogue while they are in L1. Sums run over the whole depth in order, so a row's bits depend on
// nothing else.
#include "ops/linear_panel.h"

#include <algorithm>

#include "core/check.h"
#include "ops/linear_scratch.h"
#include "ops/packed_weight.h"

namespace modernbert {
namespace {

constexpr int64_t kMostRows = 108;  // of a tile: its activations and two panels stay in 1 MB

class PanelLinear final : public Linear {
 public:
  PanelLinear(const PanelProduct& product, PackedWeight weight)
      : product_(product), weight_(std::move(weight)) {}

  int64_t in_features() const override { return weight_.in; }
  int64_t out_features() const override { return weight_.out; }
  RowType row_type() const override { return weight_.type; }
  int64_t max_tile_rows() const override { return kMostRows; }
  size_t packed_bytes() const override { return weight_.bytes(); }
  int64_t groups() const override { return weight_.groups(); }

  void run_tile(const RowsView& x, Range groups, LinearScratch& scratch,
                TileEpilogue epilogue) const override {
    MB_CHECK(x.rows <= kMostRows && x.cols == weight_.in && x.type == weight_.type);
    const int64_t stride = weight_.panels_per_group * kPanelColumns;
    AlignedBuffer<float>& output = scratch.impl().output;
    output.reserve(static_cast<size_t>(kPanelRows * stride));
    const Rows rows = rows_of_tile(x, scratch);
    for (int64_t group = groups.begin; group < groups.end; ++group) {
      const int64_t column = group * weight_.group;
      const int64_t columns = std::min(weight_.group, weight_.out - column);
      for (int64_t row = 0; row < x.rows; row += kPanelRows) {
        for (int64_t i = 0; i < weight_.panels_per_group; ++i) {
          PanelTask task = panel_task(rows, row, group * weight_.panels_per_group + i);
          task.out = output.data() + i * kPanelColumns;
          task.out_stride = stride;
          product_.multiply(task);
        }
        epilogue(row, column,
                 MatView<float>(output.data(), std::min(kPanelRows, x.rows - row), columns, stride));
      }
    }
  }

  // Whole blocks of 6 rows and 64 columns are added by the kernel itself.
  void add_tile(const RowsView& x, Range groups, LinearScratch& scratch, MatView<float> y) const override {
    const int64_t whole_rows = x.rows / kPanelRows * kPanelRows;
    const bool has_whole_panels = weight_.group == kPanelColumns && weight_.out % kPanelColumns == 0;
    if (!has_whole_panels) return Linear::add_tile(x, groups, scratch, y);
    const Rows rows = rows_of_tile(x.slice(0, whole_rows), scratch);
    for (int64_t panel = groups.begin; panel < groups.end; ++panel) {
      for (int64_t row = 0; row < whole_rows; row += kPanelRows) {
        PanelTask task = panel_task(rows, row, panel);
        task.out = y.row_data(row) + panel * kPanelColumns;
        task.out_stride = y.stride;
        task.adds = true;
        if (row + kPanelRows < whole_rows) task.next_out = task.out + kPanelRows * y.stride;
        product_.multiply(task);
      }
    }
    if (whole_rows == x.rows) return;
    Linear::add_tile(x.slice(whole_rows, x.rows - whole_rows), groups, scratch,
                     y.slice_rows(whole_rows, x.rows - whole_rows));
  }

 private:
  // A tile's rows as the kernel takes them.
  struct Rows {
    const uint32_t* words;
    int64_t stride;  // words
    int64_t groups;  // of kPanelRows
    const float* scales;
  };

  Rows rows_of_tile(const RowsView& x, LinearScratch& scratch) const {
    const int64_t groups = (x.rows + kPanelRows - 1) / kPanelRows;
    const auto* narrow = reinterpret_cast<const uint32_t*>(x.data);
    const int64_t narrow_stride = x.stride / int64_t{sizeof(uint32_t)};
    if (product_.widen_row == nullptr) return {narrow, narrow_stride, groups, x.scales};
    const int64_t rows = groups * kPanelRows, stride = 2 * weight_.depth;
    AlignedBuffer<uint32_t>& wide = scratch.impl().rows;
    wide.reserve(static_cast<size_t>(rows * stride));
    for (int64_t r = 0; r < rows; ++r)
      product_.widen_row(narrow + r * narrow_stride, weight_.depth, wide.data() + r * stride);
    return {wide.data(), stride, groups, x.scales};
  }

  // Six rows from `row` on times a panel; where the result goes is left open.
  PanelTask panel_task(const Rows& rows, int64_t row, int64_t panel) const {
    PanelTask task{};
    task.rows = rows.words + row * rows.stride;
    task.row_stride = rows.stride;
    task.depth_stride = 1;
    task.panel = weight_.panel(panel);
    task.depth = weight_.depth;
    prefetch_next_panel(panel, row / kPanelRows, rows.groups, task);
    task.bias = weight_.bias.data() + panel * kPanelColumns;
    task.offsets = weight_.offsets.data() + panel * kPanelColumns;
    task.row_scales = rows.scales == nullptr ? nullptr : rows.scales + row;
    task.column_scales = weight_.scales.data() + panel * kPanelColumns;
    return task;
  }

  // The next panel is fetched meanwhile, each group of rows its part. The fewer rows share the work, the more
  // of the time goes into waiting for weights.
  void prefetch_next_panel(int64_t panel, int64_t row_group, int64_t row_groups, PanelTask& task) const {
    constexpr int64_t kLineWords = 16, kLinesPerStep = 4 * kPanelColumns / kLineWords;
    if (panel + 1 >= weight_.panel_count()) return;
    task.next_lines = (kLinesPerStep + row_groups - 1) / row_groups;
    const int64_t ahead = row_group * task.next_lines * (weight_.depth / 4) * kLineWords;
    if (ahead < weight_.panel_words()) task.next = weight_.panel(panel + 1) + ahead;
  }

  PanelProduct product_;
  PackedWeight weight_;
};

}  // namespace

std::unique_ptr<Linear> make_linear_panel(GemmType type, MatView<const float> weight,
                                          std::span<const float> bias, int64_t group) {
  MB_CHECK(type != GemmType::kRef);
  const PanelProduct product = panel_product(row_type_of(type));
  return std::make_unique<PanelLinear>(product,
                                       pack_weight(row_type_of(type), weight, bias, group, product.slice));
}

}  // namespace modernbert
