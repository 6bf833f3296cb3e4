#include "ops/panel/panel_kernel.h"

#include "ops/cpu/cpu_features.h"

namespace modernbert {
namespace {

PanelKernel avx512_panel_kernel(RowType type) {
  switch (type) {
    case RowType::kFp32:
      return fp32_panel_kernel();
    case RowType::kBf16:
      return bf16_panel_kernel();
    case RowType::kInt8:
      break;
  }
  return int8_panel_kernel();
}

}  // namespace

// A step of a panel takes 32 KB. CPUs whose first-level cache holds that, rows and sums besides, start two
// products of 64 bytes in a cycle: six rows take 21 bytes of the panel a cycle, for some near what the second
// level delivers.
PanelProduct panel_product(RowType type) {
  constexpr int64_t kDepthStep = 128, kLeastCache = 48 << 10;
  if (const PanelKernel kernel = avx512_panel_kernel(type)) {
    return {.multiply = kernel,
            .depth_step = first_level_cache_bytes() >= kLeastCache ? kDepthStep : 0,
            .few_rows = kFewRows};
  }
  const PanelProduct bytes = byte_panel_product();
  if (type == RowType::kInt8 && bytes.multiply != nullptr) return bytes;
  return portable_panel_product(type);
}

}  // namespace modernbert
