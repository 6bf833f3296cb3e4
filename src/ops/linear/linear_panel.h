#pragma once

#include "ops/linear/linear.h"
#include "ops/panel/panel_kernel.h"

namespace modernbert {

// Our own panel GEMM, any type but kRef; see make_linear.
std::unique_ptr<Linear> make_linear_panel(GemmType type, MatView<const float> weight,
                                          std::span<const float> bias, int64_t group);
// The same with this product instead of the fastest.
std::unique_ptr<Linear> make_linear_panel(GemmType type, MatView<const float> weight,
                                          std::span<const float> bias, int64_t group,
                                          const PanelProduct& product);

}  // namespace modernbert
