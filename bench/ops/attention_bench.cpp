// One head of one sequence, on one thread: share of the multiply-add peak, by visible pairs only.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "ops/attention/attention.h"
#include "ops/attention/attention_amx.h"
#include "ops/attention/attention_panel.h"
#include "ops/cpu/cpu_features.h"
#include "ops/peak/peak.h"

namespace modernbert {
namespace {

std::vector<float> random_rows(int64_t length) {
  std::minstd_rand generator(1);
  std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
  std::vector<float> values(static_cast<size_t>(length * kPanelHeadDim));
  for (float& value : values) value = uniform(generator);
  return values;
}

int64_t visible_pairs(int64_t length, int64_t window) {
  if (window < 0) return length * length;
  int64_t pairs = 0;
  for (int64_t i = 0; i < length; ++i)
    pairs += std::min(length - 1, i + window) - std::max<int64_t>(0, i - window) + 1;
  return pairs;
}

void count_pairs(benchmark::State& state, RowType type) {
  const double peak = measured_peak_gflops(type == RowType::kFp32 ? GemmType::kFp32 : GemmType::kBf16, 1);
  const double gflop = 256e-9 * static_cast<double>(visible_pairs(state.range(0), state.range(1)));
  state.counters["share of peak"] =
      benchmark::Counter(gflop / peak, benchmark::Counter::kIsIterationInvariantRate);
}

// On the matrix unit, or on vectors.
enum class Unit { kVectors, kMatrices };

void attention(benchmark::State& state, RowType type, Unit unit) {
  const AttentionKernels* kernels =
      type == RowType::kFp32 ? fp32_attention_kernels() : bf16_attention_kernels();
  if (kernels == nullptr || (unit == Unit::kMatrices && !cpu_has_amx_bf16()))
    return state.SkipWithError("this CPU has no such kernels");
  const int64_t length = state.range(0), window = state.range(1);
  const std::vector<float> values = random_rows(length);
  const auto words = static_cast<size_t>((length + kAmxGroupKeys) * kernels->row_words());
  std::vector<uint32_t> q(words), k(words), v(words);
  const MatView<const float> rows(values.data(), length, kPanelHeadDim);
  kernels->store_rows(rows, q.data());
  kernels->store_rows(rows, k.data());
  kernels->store_values(rows, 0, v.data());
  const PanelAttentionHead head{q.data(), k.data(), v.data(), length, length, window};
  RowBuffer out(type, kPanelHeadDim);
  out.resize(length);
  PanelAttentionScratch scratch;
  AmxAttentionScratch amx_scratch;
  for (auto _ : state) {
    if (unit == Unit::kMatrices) {
      attend_amx(head, {0, length}, amx_scratch, out.row(0), out.stride());
      continue;
    }
    for (int64_t begin = 0; begin < length; begin += kAttentionBlockRows)
      attention_block(*kernels, head, begin, scratch, out.row(begin), out.stride());
  }
  count_pairs(state, type);
}

// As CPUs without AVX-512 compute it.
void portable_attention(benchmark::State& state) {
  const int64_t length = state.range(0), window = state.range(1);
  const std::vector<float> values = random_rows(length + kAttentionLanes);
  const MatView<const float> rows(values.data(), length, kPanelHeadDim);
  const AttentionHead head{rows, rows, rows, length, window};
  Matrix out(kAttentionBlockRows, kPanelHeadDim);
  AttentionScratch scratch;
  for (auto _ : state) {
    for (int64_t begin = 0; begin < length; begin += kAttentionBlockRows)
      attention_block(head, begin, scratch,
                      out.view().slice_rows(0, std::min(kAttentionBlockRows, length - begin)));
  }
  count_pairs(state, RowType::kFp32);
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const int64_t length : {16, 32, 128, 512, 2048, 8192}) bench->Args({length, -1});
  for (const int64_t length : {128, 512, 2048}) bench->Args({length, 64});
}
BENCHMARK(portable_attention)->Apply(shapes);
BENCHMARK_CAPTURE(attention, fp32, RowType::kFp32, Unit::kVectors)->Apply(shapes);
BENCHMARK_CAPTURE(attention, bf16, RowType::kBf16, Unit::kVectors)->Apply(shapes);
BENCHMARK_CAPTURE(attention, bf16_matrix_unit, RowType::kBf16, Unit::kMatrices)->Apply(shapes);

}  // namespace
}  // namespace modernbert
