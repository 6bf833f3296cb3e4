// What element-wise ops report: they do little with each value, so bytes are what counts.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace modernbert {

// Rows of the tiles that the encoder's threads work on; a tile stays in the second-level cache.
inline constexpr int64_t kTileRows = 96;

// values: that one iteration makes.   bytes: read and written for each.
inline void report_rate(benchmark::State& state, int64_t values, int64_t bytes) {
  state.SetItemsProcessed(state.iterations() * values);
  state.SetBytesProcessed(state.iterations() * values * bytes);
}

// Hidden sizes of nano, base and large.
inline void hidden_sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t hidden : {256, 768, 1024}) bench->Arg(hidden);
}

}  // namespace modernbert
