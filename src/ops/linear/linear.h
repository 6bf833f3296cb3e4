// y = x Wᵀ + bias with weights packed once. The unit of work is a tile of rows, some groups of columns and an
// epilogue.
//
// A row's result never depends on the other rows, on their number or on the thread: that is what makes a
// text's answer independent of its batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/function_ref.h"
#include "ops/cpu/share.h"
#include "ops/rowwise/rows.h"
#include "tensor/matrix.h"

namespace modernbert {

// How products are formed. kBf16 rounds both factors to bf16 and accumulates in fp32; where the CPU lacks
// bf16 instructions the rounded factors are multiplied in fp32. kInt8: weights with a scale per output,
// inputs with a scale per row, exact sums. kRef: plain loops with double accumulators.
enum class GemmType { kFp32, kBf16, kInt8, kRef };

// The form in which products of this type take their rows.
RowType row_type_of(GemmType type);

// Called with finished rows [row, row + y.rows) and columns [column, column + y.cols) of the tile, bias
// added. y: valid during the call, may be changed.
using TileEpilogue = FunctionRef<void(int64_t row, int64_t column, MatView<float> y)>;

// Scratch of one thread, reused by every Linear; grows to the largest layer it has seen.
class LinearScratch {
 public:
  LinearScratch();
  ~LinearScratch();
  LinearScratch(LinearScratch&&) noexcept;
  LinearScratch& operator=(LinearScratch&&) noexcept;

  // What the thread will multiply by after its next product, which fetches the first of it at its end.
  // weights: of Linear::weights_from; null where they are not known.
  void set_next_weights(const void* weights);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Immutable after construction; thread-safe with one scratch per thread.
class Linear {
 public:
  static constexpr int64_t kMaxTileRows = 192;

  virtual ~Linear() = default;
  virtual int64_t in_features() const = 0;
  virtual int64_t out_features() const = 0;
  virtual RowType row_type() const = 0;
  virtual size_t packed_bytes() const = 0;
  // Most rows that run_tile takes, at most kMaxTileRows.
  virtual int64_t max_tile_rows() const = 0;
  // Rows that are multiplied together: tiles of whole groups waste nothing.
  virtual int64_t row_group() const { return 6; }
  // Groups of columns that can be computed apart.
  virtual int64_t groups() const = 0;
  // x: [rows <= max_tile_rows(), in] of row_type(), with readable spare rows.   groups: within [0, groups()).
  virtual void run_tile(const RowsView& x, Range groups, LinearScratch& scratch,
                        TileEpilogue epilogue) const = 0;
  // The packed weights from this group on; null where fetching them ahead gains nothing.
  virtual const void* weights_from(int64_t group) const;
  // y += x Wᵀ + bias, the columns of these groups.   y: [x.rows, out].
  virtual void add_tile(const RowsView& x, Range groups, LinearScratch& scratch, MatView<float> y) const;
};

enum class GemmLibrary {
  kPanels,  // our own kernels
  kOneDnn,  // to check them against; fp32 and bf16 only. A row's bits may depend on its place in the tile.
};

// weight: [out,in] row-major; bias: empty or [out]. Both are copied.
// group: columns that the epilogue needs together; it is called with whole groups, except at the end.
std::unique_ptr<Linear> make_linear(GemmType type, MatView<const float> weight, std::span<const float> bias,
                                    int64_t group = 1, GemmLibrary library = GemmLibrary::kPanels);

// Rows per tile such that `rows` divide evenly among threads, whole groups, at most max_tile_rows.
int64_t even_tile_rows(int64_t rows, int threads, int64_t max_tile_rows, int64_t row_group);

// y = x Wᵀ + bias for any number of rows, tiles in parallel over `threads`.   x: [R,in]; y: [R,out],
// overwritten, no alias.
void apply_linear(const Linear& linear, MatView<const float> x, MatView<float> y, int threads);

}  // namespace modernbert
