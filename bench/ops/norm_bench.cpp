// Norms and residual additions over one tile of rows: values and bytes a second of one thread.
#include "element_rate.h"
#include "ops/rowwise/norm.h"
#include "ops/rowwise/rows.h"
#include "random_rows.h"

namespace modernbert {
namespace {

constexpr float kEps = 1e-5F;

void norm_to_fp32(benchmark::State& state, bool centers) {
  const int64_t hidden = state.range(0);
  const Matrix x = random_matrix(kTileRows, hidden);
  const std::vector<float> weight = random_values(static_cast<size_t>(hidden));
  Matrix y(kTileRows, hidden);
  for (auto _ : state) {
    normalize({.centers = centers, .eps = kEps, .weight = weight}, x.view(), y.view());
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * hidden, 8);
}

void norm_to_bf16(benchmark::State& state, bool centers) {
  const int64_t hidden = state.range(0);
  const Matrix x = random_matrix(kTileRows, hidden);
  const std::vector<float> weight = random_values(static_cast<size_t>(hidden));
  RowBuffer y(RowType::kBf16, hidden);
  y.resize(kTileRows);
  for (auto _ : state) {
    normalize({.centers = centers, .eps = kEps, .weight = weight}, x.view(), y.halves());
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

BENCHMARK_CAPTURE(norm_to_fp32, layer_norm, true)->Apply(hidden_sizes);
BENCHMARK_CAPTURE(norm_to_fp32, rms_norm, false)->Apply(hidden_sizes);
BENCHMARK_CAPTURE(norm_to_bf16, layer_norm, true)->Apply(hidden_sizes);
BENCHMARK_CAPTURE(norm_to_bf16, rms_norm, false)->Apply(hidden_sizes);
BENCHMARK(add_to_rows)->Apply(hidden_sizes);

}  // namespace
}  // namespace modernbert
