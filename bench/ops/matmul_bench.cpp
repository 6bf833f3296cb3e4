// The three products of a linear layer in training, bf16, of whole batches: operations a second of all
// threads (OMP_NUM_THREADS). Arguments: rows, outputs, inputs.
#include <benchmark/benchmark.h>

#include "ops/matmul/matmul.h"
#include "ops/rowwise/convert.h"
#include "random_rows.h"

namespace modernbert {
namespace {

struct HalfMatrix {
  HalfMatrix(int64_t rows, int64_t cols) : buffer(static_cast<size_t>(rows * cols)) {
    view = {buffer.data(), rows, cols};
    const std::vector<float> values = random_values(buffer.capacity());
    convert_to_bf16({values.data(), static_cast<size_t>(rows * cols)},
                    {buffer.data(), static_cast<size_t>(rows * cols)});
  }
  AlignedBuffer<Bf16> buffer;
  MatView<Bf16> view;
};

void report(benchmark::State& state) {
  const double operations = 2.0 * static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

void forward(benchmark::State& state) {
  const HalfMatrix x(state.range(0), state.range(2)), w(state.range(1), state.range(2)),
      y(state.range(0), state.range(1));
  for (auto _ : state) multiply_forward<Bf16, Bf16>(x.view, w.view, nullptr, y.view);
  report(state);
}

void input_gradient(benchmark::State& state) {
  const HalfMatrix dy(state.range(0), state.range(1)), w(state.range(1), state.range(2));
  Matrix dx(state.range(0), state.range(2));
  for (auto _ : state) multiply_input_gradient<Bf16, float>(dy.view, w.view, dx.view());
  report(state);
}

void weight_gradient(benchmark::State& state) {
  const HalfMatrix dy(state.range(0), state.range(1)), x(state.range(0), state.range(2));
  Matrix dw(state.range(1), state.range(2));
  for (auto _ : state) multiply_weight_gradient<Bf16>(dy.view, x.view, dw.view());
  report(state);
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const auto& [out, in] : {std::pair<int64_t, int64_t>{768, 256}, {256, 384}, {2304, 768}, {768, 1152}})
    bench->Args({4096, out, in});
  bench->Args({640, 8192, 256})->Args({512, 50368, 768});  // decoders
}

BENCHMARK(forward)->Apply(shapes)->UseRealTime();
BENCHMARK(input_gradient)->Apply(shapes)->UseRealTime();
BENCHMARK(weight_gradient)->Apply(shapes)->UseRealTime();

}  // namespace
}  // namespace modernbert
