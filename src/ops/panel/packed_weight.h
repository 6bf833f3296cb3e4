// A weight matrix in the panels that the panel kernels read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ops/panel/panel_kernel.h"
#include "ops/rowwise/rows.h"
#include "tensor/matrix.h"

namespace modernbert {

struct PackedWeight {
  RowType type = RowType::kFp32;
  int64_t in = 0, out = 0;
  int64_t depth = 0;                // words per column
  int64_t group = 0;                // columns of a group; a group starts with a panel
  int64_t panels_per_group = 0;     // the last one may be partly filled
  std::shared_ptr<uint32_t> words;  // [panel][64 / slice][depth][slice], see panel_kernel.h; in a slab
  std::vector<float> bias;          // [panel][64], zero where there is none
  std::vector<int32_t> offsets;     // [panel][64] of kInt8: -128 times the sum of the column
  std::vector<float> scales;        // [panel][64] of kInt8: a column's largest magnitude / 127

  int64_t groups() const { return (out + group - 1) / group; }
  int64_t panel_count() const { return groups() * panels_per_group; }
  int64_t panel_words() const { return depth * kPanelColumns; }
  uint32_t* panel(int64_t index) { return words.get() + index * panel_words(); }
  const uint32_t* panel(int64_t index) const { return words.get() + index * panel_words(); }
  size_t bytes() const {
    return (static_cast<size_t>(panel_count() * panel_words()) + bias.size() + offsets.size() +
            scales.size()) *
           sizeof(float);
  }
};

// weight: [out,in]; bias: empty or [out].   group: columns that must not be torn apart; below 64, as many
// groups as fit a panel are put together.   slice: a divisor of 64.
PackedWeight pack_weight(RowType type, MatView<const float> weight, std::span<const float> bias,
                         int64_t group, int64_t slice = kPanelColumns);

}  // namespace modernbert
