#include "ops/linear/linear.h"

#include <omp.h>

#include <algorithm>

#include "core/check.h"
#include "ops/linear/linear_amx.h"
#include "ops/linear/linear_onednn.h"
#include "ops/linear/linear_panel.h"
#include "ops/linear/linear_ref.h"
#include "ops/linear/linear_scratch.h"
#include "ops/rowwise/norm.h"

namespace modernbert {

LinearScratch::LinearScratch() : impl_(std::make_unique<Impl>()) {}
LinearScratch::~LinearScratch() = default;
LinearScratch::LinearScratch(LinearScratch&&) noexcept = default;
LinearScratch& LinearScratch::operator=(LinearScratch&&) noexcept = default;

RowType row_type_of(GemmType type) {
  switch (type) {
    case GemmType::kBf16:
      return RowType::kBf16;
    case GemmType::kInt8:
      return RowType::kInt8;
    case GemmType::kFp32:
    case GemmType::kRef:
      break;
  }
  return RowType::kFp32;
}

void LinearScratch::set_next_weights(const void* weights) {
  impl_->next_weights = static_cast<const uint32_t*>(weights);
}

const void* Linear::weights_from(int64_t) const {
  return nullptr;
}

void Linear::add_tile(const RowsView& x, Range groups, LinearScratch& scratch, MatView<float> y) const {
  run_tile(x, groups, scratch, [&](int64_t row, int64_t column, MatView<float> part) {
    add_rows(part, y.slice_rows(row, part.rows).slice_cols(column, part.cols));
  });
}

std::unique_ptr<Linear> make_linear(GemmType type, MatView<const float> weight, std::span<const float> bias,
                                    int64_t group, GemmLibrary library) {
  MB_CHECK(weight.rows > 0 && weight.cols > 0 && group > 0);
  MB_CHECK(bias.empty() || static_cast<int64_t>(bias.size()) == weight.rows);
  if (type == GemmType::kRef) return make_linear_ref(weight, bias);
  if (library == GemmLibrary::kOneDnn) return make_linear_onednn(type, weight, bias);
  if (linear_amx_takes(type, weight.cols)) return make_linear_amx(type, weight, bias, group);
  return make_linear_panel(type, weight, bias, group);
}

int64_t even_tile_rows(int64_t rows, int threads, int64_t max_tile_rows, int64_t row_group) {
  const int64_t rounds =
      std::max<int64_t>(1, (rows + threads * max_tile_rows - 1) / (threads * max_tile_rows));
  const int64_t even = (rows + threads * rounds - 1) / (threads * rounds);
  return std::clamp<int64_t>((even + row_group - 1) / row_group * row_group, row_group, max_tile_rows);
}

void apply_linear(const Linear& linear, MatView<const float> x, MatView<float> y, int threads) {
  MB_CHECK(x.rows == y.rows && x.cols == linear.in_features() && y.cols == linear.out_features());
  const int64_t tile_rows = even_tile_rows(x.rows, threads, linear.max_tile_rows(), linear.row_group());
  const int64_t tiles = (x.rows + tile_rows - 1) / tile_rows;
  const int team = static_cast<int>(std::clamp<int64_t>(tiles, 1, threads));
#pragma omp parallel num_threads(team)
  {
    LinearScratch scratch;
    RowBuffer input(linear.row_type(), x.cols);
#pragma omp for schedule(static)
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t begin = tile * tile_rows;
      const int64_t rows = std::min(tile_rows, x.rows - begin);
      input.resize(rows);
      for (int64_t r = 0; r < rows; ++r) input.store(r, 0, x.row(begin + r));
      linear.run_tile(input.view(), {0, linear.groups()}, scratch,
                      [&](int64_t row, int64_t column, MatView<float> part) {
                        for (int64_t r = 0; r < part.rows; ++r)
                          std::ranges::copy(part.row(r), y.row_data(begin + row + r) + column);
                      });
    }
  }
}

}  // namespace modernbert
