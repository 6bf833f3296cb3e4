// One tile through Linear at the shapes of small, base and large models: GFLOP/s of one thread, per type and
// library.
#include <benchmark/benchmark.h>

#include <vector>

#include "ops/linear/linear.h"
#include "random_rows.h"

namespace modernbert {
namespace {

void run_tile(benchmark::State& state, GemmType type, GemmLibrary library) {
  const int64_t in = state.range(0), out = state.range(1);
  const auto weight = random_values(static_cast<size_t>(in * out));
  const auto linear = make_linear(type, {weight.data(), out, in}, {}, 1, library);
  const int64_t rows = linear->max_tile_rows();
  const auto x = random_values(static_cast<size_t>(rows * in));
  LinearScratch scratch;
  RowBuffer input(linear->row_type(), in);
  input.resize(rows);
  for (int64_t r = 0; r < rows; ++r) input.store(r, 0, {x.data() + r * in, static_cast<size_t>(in)});
  for (auto _ : state) {
    linear->run_tile(input.view(), {0, linear->groups()}, scratch,
                     [](int64_t, int64_t, MatView<float> y) { benchmark::DoNotOptimize(y.data); });
  }
  using benchmark::Counter;
  state.counters["GFLOP/s"] =
      Counter(2e-9 * static_cast<double>(rows * in * out), Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const int64_t size : {16, 32, 64, 96, 128, 256}) bench->Args({size, 3 * size});
  bench->Args({768, 2304})->Args({768, 768})->Args({1152, 768})->Args({1024, 5248})->Args({2624, 1024});
}

BENCHMARK_CAPTURE(run_tile, fp32, GemmType::kFp32, GemmLibrary::kPanels)->Apply(shapes);
BENCHMARK_CAPTURE(run_tile, bf16, GemmType::kBf16, GemmLibrary::kPanels)->Apply(shapes);
BENCHMARK_CAPTURE(run_tile, int8, GemmType::kInt8, GemmLibrary::kPanels)->Apply(shapes);
BENCHMARK_CAPTURE(run_tile, fp32_onednn, GemmType::kFp32, GemmLibrary::kOneDnn)->Apply(shapes);
BENCHMARK_CAPTURE(run_tile, bf16_onednn, GemmType::kBf16, GemmLibrary::kOneDnn)->Apply(shapes);

}  // namespace
}  // namespace modernbert
