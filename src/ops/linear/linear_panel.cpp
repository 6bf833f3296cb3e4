// Weights packed into panels of 64 columns. A few rows of a tile at a time are multiplied by a panel and go
// to the epilogue while they are in L1. Where the depth is cut into steps, all rows are multiplied by a
// panel's step while that is in L1. Sums run over the whole depth in order, so a row's bits depend on nothing
// else.
#include "ops/linear/linear_panel.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "ops/linear/linear_scratch.h"
#include "ops/linear/panel_tuning.h"
#include "ops/panel/packed_weight.h"

namespace modernbert {
namespace {

constexpr int64_t kMostRows = 108;  // of a tile: its activations and two panels stay in 1 MB

// Steps of at most `most` words (a multiple of 4) that cut the depth evenly; 0: the whole depth.
int64_t even_step(int64_t depth, int64_t most) {
  if (most == 0 || depth <= most) return depth;
  const int64_t steps = (depth + most - 1) / most;
  return (depth + 4 * steps - 1) / (4 * steps) * 4;
}

// A tile's rows as the kernel takes them, in groups: six each, at the end few ones where they suffice.
struct TileRows {
  TileRows(const RowsView& x, int64_t few)
      : words(reinterpret_cast<const uint32_t*>(x.data)),
        stride(x.stride / int64_t{sizeof(uint32_t)}),
        count(x.rows),
        scales(x.scales),
        groups((count + kPanelRows - 1) / kPanelRows),
        few_rows(few),
        full_groups(groups) {
    const int64_t too_many = groups * kPanelRows - count;
    if (few_rows < kPanelRows) full_groups -= std::min(groups, too_many / (kPanelRows - few_rows));
  }

  int64_t group_size(int64_t group) const { return group < full_groups ? kPanelRows : few_rows; }
  // Rows of a group that the tile has.
  Range wanted(int64_t group) const {
    const int64_t full = std::min(group, full_groups);
    const int64_t begin = full * kPanelRows + (group - full) * few_rows;
    return {begin, std::min(begin + group_size(group), count)};
  }

  const uint32_t* words;
  int64_t stride;  // words
  int64_t count;
  const float* scales;
  int64_t groups;
  int64_t few_rows;
  int64_t full_groups;  // the first ones
};

// y += block, of which y may have fewer rows.
void add_rows(const MatView<float>& block, const MatView<float>& y) {
  for (int64_t r = 0; r < y.rows; ++r) {
    for (int64_t c = 0; c < y.cols; ++c) y.row_data(r)[c] += block.row_data(r)[c];
  }
}

class PanelLinear final : public Linear {
 public:
  PanelLinear(const PanelProduct& product, PackedWeight weight)
      : product_(product), weight_(std::move(weight)), step_(even_step(weight_.depth, product.depth_step)) {}

  int64_t in_features() const override { return weight_.in; }
  int64_t out_features() const override { return weight_.out; }
  RowType row_type() const override { return weight_.type; }
  int64_t max_tile_rows() const override { return kMostRows; }
  size_t packed_bytes() const override { return weight_.bytes(); }
  int64_t groups() const override { return weight_.groups(); }
  const void* weights_from(int64_t group) const override {
    return weight_.panel(group * weight_.panels_per_group);
  }

  void run_tile(const RowsView& x, Range groups, LinearScratch& scratch,
                TileEpilogue epilogue) const override {
    MB_CHECK(x.rows <= kMostRows && x.cols == weight_.in && x.type == weight_.type);
    const TileRows rows = rows_of_tile(x, scratch);
    const int64_t stride = weight_.panels_per_group * kPanelColumns;
    // Finished at once, six rows need no more room than six rows.
    const bool at_once = step_ == weight_.depth && weight_.panels_per_group == 1;
    AlignedBuffer<float>& output = scratch.impl().output;
    const uint32_t* next_weights = std::exchange(scratch.impl().next_weights, nullptr);
    output.reserve(static_cast<size_t>((at_once ? 1 : rows.groups) * kPanelRows * stride));
    for (int64_t group = groups.begin; group < groups.end; ++group) {
      const int64_t column = group * weight_.group;
      const int64_t columns = std::min(weight_.group, weight_.out - column);
      for (int64_t i = 0; i < weight_.panels_per_group; ++i) {
        const int64_t panel = group * weight_.panels_per_group + i;
        const uint32_t* next = after(panel, groups, next_weights);
        for_each_product(rows, [&](int64_t row_group, Range words) {
          const Range wanted = rows.wanted(row_group);
          float* sums = output.data() + (at_once ? 0 : wanted.begin * stride);
          PanelTask task = panel_task(rows, row_group, panel, words,
                                      {sums + i * kPanelColumns, kPanelRows, kPanelColumns, stride});
          fetch_meanwhile(next, row_group, rows.groups, words, task);
          product_.multiply(task);
          if (i + 1 < weight_.panels_per_group || words.end < weight_.depth) return;
          epilogue(wanted.begin, column, MatView<float>(sums, wanted.size(), columns, stride));
        });
      }
    }
  }

  // Whole blocks of rows and 64 columns are added by the kernel itself; of the last rows' block, what there
  // is.
  void add_tile(const RowsView& x, Range groups, LinearScratch& scratch, MatView<float> y) const override {
    const bool has_whole_panels = weight_.group == kPanelColumns && weight_.out % kPanelColumns == 0;
    if (!has_whole_panels) return Linear::add_tile(x, groups, scratch, y);
    const TileRows rows = rows_of_tile(x, scratch);
    AlignedBuffer<float>& sums = scratch.impl().output;
    const uint32_t* next_weights = std::exchange(scratch.impl().next_weights, nullptr);
    sums.reserve(static_cast<size_t>(rows.groups * kPanelRows * kPanelColumns));
    for (int64_t panel = groups.begin; panel < groups.end; ++panel) {
      const MatView<float> columns = y.slice_cols(panel * kPanelColumns, kPanelColumns);
      const uint32_t* next = after(panel, groups, next_weights);
      for_each_product(rows, [&](int64_t row_group, Range words) {
        const Range wanted = rows.wanted(row_group);
        const MatView<float> block(sums.data() + wanted.begin * kPanelColumns, kPanelRows, kPanelColumns);
        PanelTask task = panel_task(rows, row_group, panel, words, block);
        fetch_meanwhile(next, row_group, rows.groups, words, task);
        const bool is_last = words.end == weight_.depth,
                   is_whole = wanted.size() == rows.group_size(row_group);
        if (is_last && is_whole) {
          task.out = columns.row_data(wanted.begin);
          task.out_stride = columns.stride;
          task.adds = true;
        }
        // Earlier steps fetch what this group of rows is added to, the last one the rest for the next group.
        const int64_t fetched = is_last ? wanted.end : wanted.begin;
        if (fetched + kPanelRows <= x.rows) task.next_out = columns.row_data(fetched);
        task.next_out_stride = columns.stride;
        task.next_out_line = words.begin / 16;
        product_.multiply(task);
        if (is_last && !is_whole) add_rows(block, columns.slice_rows(wanted.begin, wanted.size()));
      });
    }
  }

 private:
  TileRows rows_of_tile(const RowsView& x, LinearScratch& scratch) const {
    TileRows rows(x, product_.few_rows);
    if (product_.widen_row == nullptr) return rows;
    const int64_t room = rows.groups * kPanelRows, stride = 2 * weight_.depth;
    AlignedBuffer<uint32_t>& wide = scratch.impl().rows;
    wide.reserve(static_cast<size_t>(room * stride));
    for (int64_t r = 0; r < room; ++r)
      product_.widen_row(rows.words + r * rows.stride, weight_.depth, wide.data() + r * stride);
    rows.words = wide.data();
    rows.stride = stride;
    return rows;
  }

  // Calls run(row_group, words) for every step of the depth and, within it, every group of rows.
  template <class Run>
  void for_each_product(const TileRows& rows, Run run) const {
    for (int64_t word = 0; word < weight_.depth; word += step_) {
      const Range words{word, std::min(word + step_, weight_.depth)};
      for (int64_t group = 0; group < rows.groups; ++group) run(group, words);
    }
  }

  const void* start_of_sums(int64_t panel) const {
    if (weight_.type == RowType::kInt8) return weight_.offsets.data() + panel * kPanelColumns;
    return weight_.bias.data() + panel * kPanelColumns;
  }

  // A group of rows times some words of a panel.   sums: what the words before have come to and, with these,
  // where it goes; finished after the last ones.
  PanelTask panel_task(const TileRows& rows, int64_t row_group, int64_t panel, Range words,
                       MatView<float> sums) const {
    const int64_t row_words = product_.widen_row == nullptr ? 1 : 2, row = rows.wanted(row_group).begin;
    PanelTask task{};
    task.rows = rows.words + row * rows.stride + words.begin * row_words;
    task.row_stride = rows.stride;
    task.depth_stride = 1;
    task.panel = weight_.panel(panel) + words.begin * product_.slice;
    task.panel_depth = weight_.depth;
    task.depth = words.size();
    const bool is_first = words.begin == 0;
    task.start = is_first ? start_of_sums(panel) : sums.data;
    task.start_stride = is_first ? 0 : sums.stride;
    task.out = sums.data;
    task.out_stride = sums.stride;
    task.rows_wanted = rows.wanted(row_group).size();
    if (rows.scales != nullptr && words.end == weight_.depth) task.row_scales = rows.scales + row;
    task.column_scales = weight_.scales.data() + panel * kPanelColumns;
    task.bias = weight_.bias.data() + panel * kPanelColumns;
    return task;
  }

  // What the thread multiplies by after this panel of its groups.
  const uint32_t* after(int64_t panel, Range groups, const uint32_t* next_weights) const {
    return panel + 1 < groups.end * weight_.panels_per_group ? weight_.panel(panel + 1) : next_weights;
  }

  // The next panel is fetched meanwhile, each group of rows its part. The fewer rows share the work, the more
  // of the time goes into waiting for weights.   next: may be null.
  void fetch_meanwhile(const uint32_t* next, int64_t row_group, int64_t row_groups, Range words,
                       PanelTask& task) const {
    constexpr int64_t kLineWords = 16, kLinesPerStep = 4 * kPanelColumns / kLineWords;
    if (next == nullptr) return;
    task.next_lines = (kLinesPerStep + row_groups - 1) / row_groups;
    const int64_t steps_before = words.begin / 4 * row_groups + row_group * (words.size() / 4);
    const int64_t ahead = steps_before * task.next_lines * kLineWords;
    if (ahead < weight_.panel_words()) task.next = next + ahead;
  }

  PanelProduct product_;
  PackedWeight weight_;
  int64_t step_;  // words of depth
};

}  // namespace

std::unique_ptr<Linear> make_linear_panel(GemmType type, MatView<const float> weight,
                                          std::span<const float> bias, int64_t group) {
  MB_CHECK(type != GemmType::kRef);
  return make_linear_panel(type, weight, bias, group, tuned_panel_product(type));
}

std::unique_ptr<Linear> make_linear_panel(GemmType type, MatView<const float> weight,
                                          std::span<const float> bias, int64_t group,
                                          const PanelProduct& product) {
  return std::make_unique<PanelLinear>(product,
                                       pack_weight(row_type_of(type), weight, bias, group, product.slice));
}

}  // namespace modernbert
