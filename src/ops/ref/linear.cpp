#include <vector>

#include "core/check.h"
#include "ops/linear/linear_ref.h"
#include "ops/linear/linear_scratch.h"

namespace modernbert {
namespace {

class RefLinear final : public Linear {
 public:
  RefLinear(MatView<const float> weight, std::span<const float> bias)
      : weight_(weight.rows, weight.cols), bias_(bias.begin(), bias.end()) {
    for (int64_t r = 0; r < weight.rows; ++r) std::ranges::copy(weight.row(r), weight_.row(r).begin());
  }

  int64_t in_features() const override { return weight_.cols(); }
  int64_t out_features() const override { return weight_.rows(); }
  RowType row_type() const override { return RowType::kFp32; }
  int64_t max_tile_rows() const override { return kMaxTileRows; }
  int64_t groups() const override { return 1; }
  size_t packed_bytes() const override { return weight_.values().size_bytes(); }

  void run_tile(const RowsView& x, Range groups, LinearScratch& scratch,
                TileEpilogue epilogue) const override {
    MB_CHECK(x.rows <= kMaxTileRows && x.cols == in_features() && x.type == RowType::kFp32);
    if (groups.size() == 0) return;
    scratch.impl().output.reserve(static_cast<size_t>(x.rows * out_features()));
    const MatView<float> y(scratch.impl().output.data(), x.rows, out_features());
    for (int64_t r = 0; r < x.rows; ++r) {
      const std::span<const float> row(reinterpret_cast<const float*>(x.row(r)), static_cast<size_t>(x.cols));
      for (int64_t n = 0; n < out_features(); ++n) y.row_data(r)[n] = static_cast<float>(product(row, n));
    }
    epilogue(0, 0, y);
  }

 private:
  double product(std::span<const float> x, int64_t n) const {
    const std::span<const float> w = weight_.row(n);
    double sum = bias_.empty() ? 0.0 : bias_[static_cast<size_t>(n)];
    for (size_t k = 0; k < x.size(); ++k) sum += static_cast<double>(x[k]) * w[k];
    return sum;
  }

  Matrix weight_;
  std::vector<float> bias_;
};

}  // namespace

std::unique_ptr<Linear> make_linear_ref(MatView<const float> weight, std::span<const float> bias) {
  return std::make_unique<RefLinear>(weight, bias);
}

}  // namespace modernbert
