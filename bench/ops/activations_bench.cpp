// Activations over one tile, plain and gated (GeGLU): values and bytes a second of one thread.
#include "element_rate.h"
#include "ops/rowwise/activations.h"
#include "ops/rowwise/rows.h"
#include "random_rows.h"

namespace modernbert {
namespace {

void plain(benchmark::State& state, Activation activation) {
  const int64_t inner = state.range(0);
  const Matrix x = random_matrix(kTileRows, inner);
  Matrix y(kTileRows, inner);
  for (auto _ : state) {
    apply_activation(activation, x.view(), y.view());
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * inner, 8);
}

void gated_fp32(benchmark::State& state, Activation activation) {
  const int64_t inner = state.range(0);
  const Matrix u = random_matrix(kTileRows, inner), g = random_matrix(kTileRows, inner);
  Matrix y(kTileRows, inner);
  for (auto _ : state) {
    gated_activation(activation, u.view(), g.view(), y.view());
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * inner, 12);
}

void gated_bf16(benchmark::State& state, Activation activation) {
  const int64_t inner = state.range(0);
  const Matrix u = random_matrix(kTileRows, inner), g = random_matrix(kTileRows, inner);
  RowBuffer y(RowType::kBf16, inner);
  y.resize(kTileRows);
  for (auto _ : state) {
    gated_activation(activation, u.view(), g.view(), y.halves());
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * inner, 10);
}

// Intermediate sizes of base and large.
void inner_sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t inner : {1152, 2624}) bench->Arg(inner);
}

BENCHMARK_CAPTURE(plain, gelu, Activation::kGelu)->Apply(inner_sizes);
BENCHMARK_CAPTURE(plain, silu, Activation::kSilu)->Apply(inner_sizes);
BENCHMARK_CAPTURE(plain, tanh, Activation::kTanh)->Apply(inner_sizes);
BENCHMARK_CAPTURE(gated_fp32, gelu, Activation::kGelu)->Apply(inner_sizes);
BENCHMARK_CAPTURE(gated_bf16, gelu, Activation::kGelu)->Apply(inner_sizes);

}  // namespace
}  // namespace modernbert
