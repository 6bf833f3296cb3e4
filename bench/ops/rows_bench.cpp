// A tile of rows into the form that a product takes: values and bytes a second of one thread.
#include "element_rate.h"
#include "ops/rowwise/rows.h"
#include "random_rows.h"

namespace modernbert {
namespace {

// from: kFp32 or kBf16.   bytes: read and written for each value.
void convert(benchmark::State& state, RowType from, RowType to, int64_t bytes) {
  const int64_t hidden = state.range(0);
  const Matrix x = random_matrix(kTileRows, hidden);
  RowBuffer source(from, hidden), target(to, hidden);
  source.resize(kTileRows);
  target.resize(kTileRows);
  for (int64_t row = 0; row < kTileRows; ++row) source.store(row, 0, x.row(row));
  for (auto _ : state) {
    convert_rows(source.view(), 0, kTileRows, target);
    benchmark::ClobberMemory();
  }
  report_rate(state, kTileRows * hidden, bytes);
}

BENCHMARK_CAPTURE(convert, fp32_to_bf16, RowType::kFp32, RowType::kBf16, 6)->Apply(hidden_sizes);
BENCHMARK_CAPTURE(convert, fp32_to_int8, RowType::kFp32, RowType::kInt8, 5)->Apply(hidden_sizes);
BENCHMARK_CAPTURE(convert, bf16_to_fp32, RowType::kBf16, RowType::kFp32, 6)->Apply(hidden_sizes);

}  // namespace
}  // namespace modernbert
