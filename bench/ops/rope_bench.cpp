// Rotary embedding of the heads of one tile, and the making of its tables: values a second of one thread.
#include "element_rate.h"
#include "ops/attention/rope.h"
#include "random_rows.h"

namespace modernbert {
namespace {

constexpr int64_t kHeadDim = 64;

void rotate_heads(benchmark::State& state) {
  const int64_t heads = state.range(0) / kHeadDim;
  const RopeTable table = make_rope_table(kHeadDim, 160000, kTileRows);
  const Matrix x = random_matrix(kTileRows, heads * kHeadDim);
  Matrix y(kTileRows, heads * kHeadDim);
  for (auto _ : state) {
    for (int64_t t = 0; t < kTileRows; ++t) {
      const auto angle = static_cast<size_t>(t * table.half_dim), half = static_cast<size_t>(table.half_dim);
      const auto cos = std::span(table.cos).subspan(angle, half),
                 sin = std::span(table.sin).subspan(angle, half);
      for (int64_t head = 0; head < heads; ++head) {
        const auto begin = static_cast<size_t>(head * kHeadDim);
        rope_rotate(x.row(t).subspan(begin, kHeadDim), cos, sin, 1, y.row(t).subspan(begin, kHeadDim));
      }
    }
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * heads * kHeadDim, 8);
}

void make_table(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(make_rope_table(kHeadDim, 160000, state.range(0)));
  state.SetItemsProcessed(state.iterations() * state.range(0) * kHeadDim);
}

BENCHMARK(rotate_heads)->Apply(hidden_sizes);
BENCHMARK(make_table)->Arg(8192)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace modernbert
