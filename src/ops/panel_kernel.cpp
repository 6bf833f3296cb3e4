#include "ops/panel_kernel.h"

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

PanelProduct panel_product(RowType type) {
  if (const PanelKernel kernel = avx512_panel_kernel(type)) return {kernel};
  return portable_panel_product(type);
}

}  // namespace modernbert
