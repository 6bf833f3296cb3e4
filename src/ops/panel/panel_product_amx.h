// Some rows times one panel of 64 columns on the matrix unit, in the order that suits its caches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/panel/panel_kernel_amx.h"

namespace modernbert {

// Rows of sums in words, fp32 or int32; rows 0 apart are one row for all.
struct AmxSums {
  const void* data;
  int64_t stride;  // words

  uint32_t* at(int64_t row, int64_t column) const {
    return static_cast<uint32_t*>(const_cast<void*>(data)) + row * stride + column;
  }
};

// Panels one behind the other, each as AmxTask wants it.
struct AmxPanels {
  const uint32_t* words;
  int64_t depth;  // words of a column, a multiple of 16
  int64_t count;

  int64_t panel_words() const { return depth * 2 * kAmxHalf; }
  const uint32_t* panel(int64_t index) const { return words + index * panel_words(); }
};

struct AmxFactors {
  const std::byte* data;
  int64_t rows;
  int64_t stride;  // bytes
};

// to = from + x * panel, [x.rows, 64], of which the unit writes rows rounded up to 16 or 32.   between: holds
// sums of the first slices of the depth; all three may be one. The panel behind is fetched meanwhile. Within
// an AmxScope.
//
// An element's sum runs over the depth in order, whatever rows are beside it.
void multiply_panel(const AmxKernels& kernels, const AmxFactors& x, const AmxPanels& panels, int64_t panel,
                    AmxSums from, AmxSums to, AmxSums between);

}  // namespace modernbert
