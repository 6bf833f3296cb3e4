// Layer norms and residual additions over one tile of rows: values and bytes a second of one thread.
#include "element_rate.h"
#include "ops/layer_norm.h"
#include "ops/rows.h"
#include "random_rows.h"

namespace modernbert {
namespace {

constexpr float kEps = 1e-5F;

void layer_norm_fp32(benchmark::State& state) {
  const int64_t hidden = state.range(0);
  const Matrix x = random_matrix(kTileRows, hidden);
  const std::vector<float> weight = random_values(static_cast<size_t>(hidden));
  Matrix y(kTileRows, hidden);
  for (auto _ : state) {
    layer_norm(x.view(), weight, {}, kEps, y.view());
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * hidden, 8);
}

void layer_norm_bf16(benchmark::State& state) {
  const int64_t hidden = state.range(0);
  const Matrix x = random_matrix(kTileRows, hidden);
  const std::vector<float> weight = random_values(static_cast<size_t>(hidden));
  RowBuffer y(RowType::kBf16, hidden);
  y.resize(kTileRows);
  for (auto _ : state) {
    layer_norm(x.view(), weight, {}, kEps, y.halves());
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * hidden, 6);
}

void add_to_rows(benchmark::State& state) {
  const int64_t hidden = state.range(0);
  const Matrix y = random_matrix(kTileRows, hidden);
  Matrix x(kTileRows, hidden);
  for (auto _ : state) {
    add_rows(y.view(), x.view());
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * hidden, 12);
}

BENCHMARK(layer_norm_fp32)->Apply(hidden_sizes);
BENCHMARK(layer_norm_bf16)->Apply(hidden_sizes);
BENCHMARK(add_to_rows)->Apply(hidden_sizes);

}  // namespace
}  // namespace modernbert
