// y = x Wᵀ + bias with weights packed once. The unit of work is a tile of at most kTileRows rows and an
// epilogue.
//
// A row's result never depends on the other rows, on their number or on the thread: that is what makes a
// text's answer independent of its batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "ops/function_ref.h"
#include "tensor/matrix.h"

namespace modernbert {

// How products are formed. kBf16 rounds both factors to bf16 and accumulates in fp32; where the CPU lacks
// bf16 instructions the rounded factors are multiplied in fp32. kRef: plain loops with double accumulators.
enum class GemmType { kFp32, kBf16, kRef };

// Called with finished columns [column, column + y.cols) of the tile, bias added.   y: [rows, cols], valid
// during the call.
using TileEpilogue = FunctionRef<void(int64_t column, MatView<const float> y)>;

// Scratch of one thread, reused by every Linear; grows to the largest layer it has seen.
class LinearScratch {
 public:
  LinearScratch();
  ~LinearScratch();
  LinearScratch(LinearScratch&&) noexcept;
  LinearScratch& operator=(LinearScratch&&) noexcept;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Immutable after construction; thread-safe with one scratch per thread.
class Linear {
 public:
  static constexpr int64_t kMaxTileRows = 108;

  virtual ~Linear() = default;
  virtual int64_t in_features() const = 0;
  virtual int64_t out_features() const = 0;
  virtual size_t packed_bytes() const = 0;
  // Most rows that run_tile takes, at most kMaxTileRows.
  virtual int64_t max_tile_rows() const = 0;
  // x: [rows <= max_tile_rows(), in].
  virtual void run_tile(MatView<const float> x, LinearScratch& scratch, TileEpilogue epilogue) const = 0;
};

enum class GemmLibrary {
  kBest,    // our own panels where the CPU has a kernel for the type, else oneDNN
  kOneDnn,  // oneDNN, to check the panels against
};

// weight: [out,in] row-major; bias: empty or [out]. Both are copied.
// group: columns that the epilogue needs together; it is called with whole groups, except at the end.
std::unique_ptr<Linear> make_linear(GemmType type, MatView<const float> weight, std::span<const float> bias,
                                    int64_t group = 1, GemmLibrary library = GemmLibrary::kBest);

// Rows per tile such that `rows` divide evenly among threads, at most max_tile_rows.
int64_t even_tile_rows(int64_t rows, int threads, int64_t max_tile_rows);

// y = x Wᵀ + bias for any number of rows, tiles in parallel over `threads`.   x: [R,in]; y: [R,out],
// overwritten, no alias.
void apply_linear(const Linear& linear, MatView<const float> x, MatView<float> y, int threads);

}  // namespace modernbert
