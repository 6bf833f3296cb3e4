#include "ops/cpu/cpu_features.h"
#include "ops/panel/panel_kernel.h"

#if defined(__AVX512BF16__)
#include "ops/panel/float_elements_avx512-inl.h"
#include "ops/panel/panel_kernel_avx512-inl.h"

namespace modernbert {

PanelKernel bf16_panel_kernel() {
  return cpu_has_bf16() ? multiply_panel<Bf16Element> : nullptr;
}

}  // namespace modernbert
#else
namespace modernbert {

PanelKernel bf16_panel_kernel() {
  return nullptr;
}

}  // namespace modernbert
#endif
