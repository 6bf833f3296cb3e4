// The unit multiplies so fast that the caches hold it up. Panels of 64 columns are stored in the blocks that
// its registers take; half a panel is cut into slices of the depth that stay in the first-level cache while
// all rows of the tile pass by, 32 at a time; the next panel is fetched into the second-level cache meanwhile
// (blocks 1.3 times as fast as rows of panels; slices 1.3 times as fast as the whole depth; fetching 1.1
// times).
//
// A row's bits depend on no other row.
#include "ops/linear/linear_amx.h"

#include <algorithm>

#include "core/check.h"
#include "ops/cpu/amx_unit.h"
#include "ops/cpu/cpu_features.h"
#include "ops/linear/linear_scratch.h"
#include "ops/panel/packed_weight.h"
#include "ops/panel/panel_product_amx.h"

namespace modernbert {
namespace {

constexpr int64_t kMostRows = 192;  // of a tile: its activations and two panels stay in 2 MB

// Panels [depth][64] become [2 halves][depth/16][2][16][16]: 16 words of depth by 16 columns each.
void reorder_panels(PackedWeight& weight) {
  std::vector<uint32_t> rows(static_cast<size_t>(weight.panel_words()));
  for (int64_t panel = 0; panel < weight.panel_count(); ++panel) {
    uint32_t* to = weight.panel(panel);
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
  AmxLinear(PackedWeight weight, bool has_bias)
      : weight_(std::move(weight)), kernels_(amx_kernels(weight_.type)), has_bias_(has_bias) {
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
    output.reserve(static_cast<size_t>(whole_groups(x.rows) * stride));
    const AmxScope unit;
    for (int64_t group = groups.begin; group < groups.end; ++group) {
      for (int64_t i = 0; i < weight_.panels_per_group; ++i) {
        const int64_t panel = group * weight_.panels_per_group + i;
        const AmxSums sums{output.data() + i * kPanelColumns, stride};
        multiply(x, panel, {starts(panel), 0}, sums, sums);
        if (weight_.type == RowType::kInt8) {
          constexpr bool kAdds = false;
          scale(x, panel, sums, output.data() + i * kPanelColumns, stride, kAdds);
        }
      }
      const int64_t column = group * weight_.group;
      const int64_t columns = std::min(weight_.group, weight_.out - column);
      for (int64_t row = 0; row < x.rows; row += kAmxRows) {
        epilogue(
            row, column,
            MatView<float>(output.data() + row * stride, std::min(kAmxRows, x.rows - row), columns, stride));
      }
    }
  }

  // Sums of bf16 start from y itself.
  void add_tile(const RowsView& x, Range groups, LinearScratch& scratch, MatView<float> y) const override {
    const bool has_whole_panels = weight_.group == kPanelColumns && weight_.out % kPanelColumns == 0;
    const bool is_int8 = weight_.type == RowType::kInt8;
    if (!has_whole_panels || (has_bias_ && !is_int8)) return Linear::add_tile(x, groups, scratch, y);
    check(x);
    AlignedBuffer<float>& buffer = scratch.impl().output;
    buffer.reserve(static_cast<size_t>(whole_groups(x.rows) * kPanelColumns));
    const AmxSums between{buffer.data(), kPanelColumns};
    if (is_int8) return add_scaled(x, groups, between, y);
    const int64_t whole = x.rows / kAmxRows * kAmxRows, rest = x.rows - whole;
    const AmxScope unit;
    for (int64_t panel = groups.begin; panel < groups.end; ++panel) {
      const MatView<float> part = y.slice_cols(panel * kPanelColumns, kPanelColumns);
      const AmxSums sums{part.data, part.stride};
      if (whole > 0) multiply(x.slice(0, whole), panel, sums, sums, between);
      if (rest > 0) add_by_copy(x.slice(whole, rest), panel, part.slice_rows(whole, rest), between);
    }
  }

 private:
  static int64_t whole_groups(int64_t rows) { return (rows + kAmxRows - 1) / kAmxRows * kAmxRows; }

  void check(const RowsView& x) const {
    MB_CHECK(x.rows <= kMostRows && x.cols == weight_.in && x.type == weight_.type);
  }

  // What the sums of a panel start from.   Returns [64]
  const void* starts(int64_t panel) const {
    const int64_t column = panel * kPanelColumns;
    return weight_.type == RowType::kInt8 ? static_cast<const void*>(weight_.offsets.data() + column)
                                          : weight_.bias.data() + column;
  }

  void multiply(const RowsView& x, int64_t panel, AmxSums from, AmxSums to, AmxSums between) const {
    const AmxPanels panels{weight_.words.get(), weight_.depth, weight_.panel_count()};
    multiply_panel(kernels_, {x.data, x.rows, x.stride}, panels, panel, from, to, between);
  }

  // The sums are exact, so they and what follows have the bits of the kernels without the unit.
  void scale(const RowsView& x, int64_t panel, const AmxSums& sums, float* out, int64_t out_stride,
             bool adds) const {
    const int64_t column = panel * kPanelColumns;
    scale_int8_sums({static_cast<const int32_t*>(sums.data), sums.stride, x.rows, x.scales,
                     weight_.scales.data() + column, weight_.bias.data() + column, out, out_stride, adds});
  }

  void add_scaled(const RowsView& x, Range panels, const AmxSums& sums, MatView<float> y) const {
    constexpr bool kAdds = true;
    const AmxScope unit;
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
      multiply(x, panel, {starts(panel), 0}, sums, sums);
      scale(x, panel, sums, y.data + panel * kPanelColumns, y.stride, kAdds);
    }
  }

  // The unit writes whole blocks, and y ends before.   rows: scratch.
  void add_by_copy(const RowsView& x, int64_t panel, MatView<float> y, const AmxSums& rows) const {
    const MatView<float> copy(reinterpret_cast<float*>(rows.at(0, 0)), y.rows, kPanelColumns, rows.stride);
    for (int64_t r = 0; r < y.rows; ++r) std::ranges::copy(y.row(r), copy.row_data(r));
    multiply(x, panel, rows, rows, rows);
    for (int64_t r = 0; r < y.rows; ++r) std::ranges::copy(copy.row(r), y.row_data(r));
  }

  PackedWeight weight_;
  AmxKernels kernels_;
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
