// Optimiser steps over ModernBERT-base's 149.7 M parameters, as a share of the memory's read bandwidth: there
// is nothing to gain but fewer passes. Bytes are those that must move: fp32 values, gradients and two
// moments.
#include <benchmark/benchmark.h>

#include <thread>

#include "ops/peak/peak.h"
#include "training/optimizer/gradient_norm.h"
#include "training/optimizer/optimizer.h"

namespace modernbert {
namespace {

constexpr int64_t kParameters = 149'655'232;
constexpr int64_t kTensor = 1152 * 768;  // a typical matrix

int threads() {
  return static_cast<int>(std::thread::hardware_concurrency());
}

std::vector<OptimizedTensor> tensors() {
  std::vector<OptimizedTensor> list;
  for (int64_t begin = 0; begin < kParameters; begin += kTensor)
    list.push_back({.offset = begin, .size = std::min(kTensor, kParameters - begin), .decays = true});
  return list;
}

void report(benchmark::State& state, int64_t bytes) {
  static const double bandwidth = 1e9 * measured_read_bandwidth(threads());
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["share_of_read_bandwidth"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(bytes) / bandwidth,
                         benchmark::Counter::kIsRate);
}

void BM_Step(benchmark::State& state, OptimizerKind kind, int64_t bytes_per_parameter) {
  Optimizer optimizer({.kind = kind}, tensors(), threads());
  std::vector<float> values(kParameters, 0.02F), gradients(kParameters, 1e-3F);
  for (auto _ : state) optimizer.step(values, gradients, 1e-4, 1);
  report(state, kParameters * bytes_per_parameter);
}

void BM_GradientNorm(benchmark::State& state) {
  const std::vector<float> gradients(kParameters, 1e-3F);
  for (auto _ : state) benchmark::DoNotOptimize(gradient_norm(gradients, threads()));
  report(state, kParameters * static_cast<int64_t>(sizeof(float)));
}

// One pass: four arrays read, three written.
BENCHMARK_CAPTURE(BM_Step, adamw, OptimizerKind::kAdamW, 28)->UseRealTime()->Unit(benchmark::kMillisecond);
// Two passes, since the size of a tensor's update is known only after its moments are: 12 + 8 and 12 + 4
// bytes.
BENCHMARK_CAPTURE(BM_Step, stableadamw, OptimizerKind::kStableAdamW, 36)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_GradientNorm)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace modernbert
