// Weights packed into panels of 64 columns; a tile is multiplied panel by panel and each finished group of
// columns goes to the epilogue while it is in L1. Sums run over the whole depth in order, so a row's bits
// depend on nothing else.
#include "ops/linear_panel.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "ops/convert.h"
#include "ops/linear_scratch.h"
#include "ops/panel_kernel.h"
#include "tensor/dtype.h"

namespace modernbert {
namespace {

int64_t round_up(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

class PanelLinear final : public Linear {
 public:
  PanelLinear(PanelKernel kernel, bool is_bf16, MatView<const float> weight, std::span<const float> bias,
              int64_t group)
      : kernel_(kernel),
        is_bf16_(is_bf16),
        in_(weight.cols),
        out_(weight.rows),
        depth_(is_bf16 ? (weight.cols + 1) / 2 : weight.cols),
        group_(group < kPanelColumns ? kPanelColumns / group * group : group) {
    pack(weight, bias);
  }

  int64_t in_features() const override { return in_; }
  int64_t out_features() const override { return out_; }
  int64_t max_tile_rows() const override { return kMaxTileRows; }
  size_t packed_bytes() const override { return panels_.capacity() * sizeof(uint32_t); }

  void run_tile(MatView<const float> x, LinearScratch& scratch, TileEpilogue epilogue) const override {
    MB_CHECK(x.rows <= kMaxTileRows && x.cols == in_);
    LinearScratch::Impl& buffers = scratch.impl();
    load_rows(x, buffers);
    const int64_t stride = round_up(group_, kPanelColumns);
    const int64_t padded_rows = round_up(x.rows, kPanelRows);
    buffers.output.reserve(static_cast<size_t>(padded_rows * stride));
    int64_t panel = 0;
    for (int64_t column = 0; column < out_; column += group_) {
      const int64_t columns = std::min(group_, out_ - column);
      for (int64_t offset = 0; offset < columns; offset += kPanelColumns, ++panel) {
        multiply_panel(panel, padded_rows, buffers, buffers.output.data() + offset, stride);
      }
      epilogue(column, MatView<const float>(buffers.output.data(), x.rows, columns, stride));
    }
  }

 private:
  size_t panel_words() const { return static_cast<size_t>(depth_ * kPanelColumns); }

  void multiply_panel(int64_t panel, int64_t rows, LinearScratch::Impl& buffers, float* out,
                      int64_t out_stride) const {
    const auto* words = reinterpret_cast<const uint32_t*>(buffers.input.data());
    const auto index = static_cast<size_t>(panel);
    PanelTask task{};
    task.row_stride = depth_;
    task.depth_stride = 1;
    task.panel = panels_.data() + index * panel_words();
    task.depth = depth_;
    task.bias = bias_.data() + panel * kPanelColumns;
    task.out_stride = out_stride;
    for (int64_t row = 0; row < rows; row += kPanelRows) {
      task.rows = words + row * depth_;
      task.out = out + row * out_stride;
      // The row groups together fetch the next panel: depth/4 lines each.
      const size_t ahead = static_cast<size_t>(row / kPanelRows * (depth_ / 4)) * 16;
      task.next =
          index + 1 < panel_count_ && ahead < panel_words() ? task.panel + panel_words() + ahead : nullptr;
      kernel_(task);
    }
  }

  // Rows of x in the type of the product, up to a multiple of 6; the spare ones are zero.
  void load_rows(MatView<const float> x, LinearScratch::Impl& buffers) const {
    const auto words = static_cast<size_t>(depth_);
    buffers.input.reserve(static_cast<size_t>(round_up(x.rows, kPanelRows)) * words * sizeof(uint32_t));
    auto* to = reinterpret_cast<uint32_t*>(buffers.input.data());
    for (int64_t r = 0; r < x.rows; ++r) store_words(x.row(r), to + static_cast<size_t>(r) * words);
    const auto spare = static_cast<size_t>(round_up(x.rows, kPanelRows) - x.rows);
    std::fill_n(to + static_cast<size_t>(x.rows) * words, spare * words, 0u);
  }

  // values: [in]; words: [depth], an odd bf16 count is filled up with zero.
  void store_words(std::span<const float> values, uint32_t* words) const {
    if (!is_bf16_) {
      std::memcpy(words, values.data(), values.size_bytes());
      return;
    }
    words[depth_ - 1] = 0;
    convert_to_bf16(values, {reinterpret_cast<Bf16*>(words), values.size()});
  }

  void pack(MatView<const float> weight, std::span<const float> bias) {
    const int64_t panels_per_group = (group_ + kPanelColumns - 1) / kPanelColumns;
    panel_count_ = static_cast<size_t>((out_ + group_ - 1) / group_ * panels_per_group);
    panels_.reserve(panel_count_ * panel_words());
    std::fill_n(panels_.data(), panel_count_ * panel_words(), 0u);
    bias_.assign(panel_count_ * kPanelColumns, 0.0f);
    std::vector<uint32_t> words(static_cast<size_t>(depth_));
    for (int64_t column = 0; column < out_; ++column) {
      const int64_t in_group = column % group_;
      const auto panel = static_cast<size_t>(column / group_ * panels_per_group + in_group / kPanelColumns);
      const auto lane = static_cast<size_t>(in_group % kPanelColumns);
      store_words(weight.row(column), words.data());
      uint32_t* to = panels_.data() + panel * panel_words() + lane;
      for (size_t k = 0; k < words.size(); ++k) to[k * kPanelColumns] = words[k];
      if (!bias.empty()) bias_[panel * kPanelColumns + lane] = bias[static_cast<size_t>(column)];
    }
  }

  PanelKernel kernel_;
  bool is_bf16_;
  int64_t in_, out_;
  int64_t depth_;  // words per row and panel column
  int64_t group_;  // columns per epilogue call
  size_t panel_count_ = 0;
  AlignedBuffer<uint32_t> panels_;  // [panel][depth][64]
  std::vector<float> bias_;         // [panel][64]
};

}  // namespace

std::unique_ptr<Linear> make_linear_panel(GemmType type, MatView<const float> weight,
                                          std::span<const float> bias, int64_t group) {
  const bool is_bf16 = type == GemmType::kBf16;
  const PanelKernel kernel = is_bf16 ? bf16_panel_kernel() : fp32_panel_kernel();
  if (kernel == nullptr) return nullptr;
  return std::make_unique<PanelLinear>(kernel, is_bf16, weight, bias, group);
}

}  // namespace modernbert
