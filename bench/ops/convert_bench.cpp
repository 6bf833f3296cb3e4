// Rows from one type to another: values and bytes a second of one thread.
#include "element_rate.h"
#include "ops/rowwise/convert.h"
#include "random_rows.h"

namespace modernbert {
namespace {

size_t values_of_tile(const benchmark::State& state) {
  return static_cast<size_t>(kTileRows * state.range(0));
}

void to_bf16(benchmark::State& state) {
  const std::vector<float> x = random_values(values_of_tile(state));
  std::vector<Bf16> y(x.size());
  for (auto _ : state) {
    convert_to_bf16(x, y);
    benchmark::ClobberMemory();
  }
  report_rate(state, static_cast<int64_t>(x.size()), 6);
}

void to_float(benchmark::State& state) {
  const std::vector<float> values = random_values(values_of_tile(state));
  std::vector<Bf16> x(values.size());
  convert_to_bf16(values, x);
  std::vector<float> y(x.size());
  for (auto _ : state) {
    convert_to_float(x, y);
    benchmark::ClobberMemory();
  }
  report_rate(state, static_cast<int64_t>(x.size()), 6);
}

void to_int8(benchmark::State& state) {
  const Matrix x = random_matrix(kTileRows, state.range(0));
  std::vector<uint8_t> y(static_cast<size_t>(x.cols()));
  for (auto _ : state) {
    for (int64_t row = 0; row < x.rows(); ++row) benchmark::DoNotOptimize(quantize(x.row(row), y));
    benchmark::ClobberMemory();
  }
  report_rate(state, x.rows() * x.cols(), 5);
}

BENCHMARK(to_bf16)->Apply(hidden_sizes);
BENCHMARK(to_float)->Apply(hidden_sizes);
BENCHMARK(to_int8)->Apply(hidden_sizes);

}  // namespace
}  // namespace modernbert
