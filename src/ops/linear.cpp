#include "ops/linear.h"

#include <omp.h>

#include <algorithm>

#include "core/check.h"
#include "ops/linear_onednn.h"
#include "ops/linear_ref.h"
#include "ops/linear_scratch.h"

namespace modernbert {

LinearScratch::LinearScratch() : impl_(std::make_unique<Impl>()) {}
LinearScratch::~LinearScratch() = default;
LinearScratch::LinearScratch(LinearScratch&&) noexcept = default;
LinearScratch& LinearScratch::operator=(LinearScratch&&) noexcept = default;

std::unique_ptr<Linear> make_linear(GemmType type, MatView<const float> weight, std::span<const float> bias) {
  MB_CHECK(weight.rows > 0 && weight.cols > 0);
  MB_CHECK(bias.empty() || static_cast<int64_t>(bias.size()) == weight.rows);
  if (type == GemmType::kRef) return make_linear_ref(weight, bias);
  return make_linear_onednn(type, weight, bias);
}

void apply_linear(const Linear& linear, MatView<const float> x, MatView<float> y, int threads) {
  MB_CHECK(x.rows == y.rows && x.cols == linear.in_features() && y.cols == linear.out_features());
  const int64_t tiles = (x.rows + Linear::kTileRows - 1) / Linear::kTileRows;
  const int team = static_cast<int>(std::clamp<int64_t>(tiles, 1, threads));
#pragma omp parallel num_threads(team)
  {
    LinearScratch scratch;
#pragma omp for schedule(static)
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t begin = tile * Linear::kTileRows;
      const int64_t rows = std::min(Linear::kTileRows, x.rows - begin);
      linear.run_tile(x.slice_rows(begin, rows), scratch, [&](int64_t column, MatView<const float> part) {
        for (int64_t r = 0; r < rows; ++r) std::ranges::copy(part.row(r), y.row_data(begin + r) + column);
      });
    }
  }
}

}  // namespace modernbert
