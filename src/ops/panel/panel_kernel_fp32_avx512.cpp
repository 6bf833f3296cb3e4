#include "ops/cpu/cpu_features.h"
#include "ops/panel/panel_kernel.h"

#if defined(__AVX512F__)
#include "ops/panel/float_elements_avx512-inl.h"
#include "ops/panel/panel_kernel_avx512-inl.h"

namespace modernbert {

PanelKernel fp32_panel_kernel() {
  return cpu_has_avx512() ? multiply_panel<Fp32Element> : nullptr;
}

}  // namespace modernbert
#else
namespace modernbert {

PanelKernel fp32_panel_kernel() {
  return nullptr;
}

}  // namespace modernbert
#endif
