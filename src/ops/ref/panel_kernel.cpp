#include "ops/panel/panel_kernel.h"

#include <cmath>
#include <vector>

namespace modernbert::ref {

void multiply_int8_panel(const PanelTask& task) {
  for (int64_t r = 0; r < kPanelRows; ++r) {
    int32_t sums[kPanelColumns];
    const auto* start = static_cast<const int32_t*>(task.start) + r * task.start_stride;
    for (int64_t c = 0; c < kPanelColumns; ++c) sums[c] = start[c];
    for (int64_t k = 0; k < task.depth; ++k) {
      const uint32_t row = task.rows[r * task.row_stride + k * task.depth_stride];
      for (int64_t c = 0; c < kPanelColumns; ++c) {
        const uint32_t column = task.panel[k * kPanelColumns + c];
        for (int byte = 0; byte < 4; ++byte) {
          sums[c] += static_cast<int32_t>(row >> 8 * byte & 0xFF) *
                     static_cast<int8_t>(static_cast<uint8_t>(column >> 8 * byte));
        }
      }
    }
    for (int64_t c = 0; c < kPanelColumns; ++c) {
      const float value =
          std::fma(static_cast<float>(sums[c]) * task.row_scales[r], task.column_scales[c], task.bias[c]);
      float& out = task.out[r * task.out_stride + c];
      out = task.adds ? out + value : value;
    }
  }
}

}  // namespace modernbert::ref
