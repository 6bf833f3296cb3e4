#pragma once

#include "ops/linear.h"

namespace modernbert {

// Our own panel GEMM; null where the CPU has no kernel for the type (int8 always has one, a slow one in the
// worst case). See make_linear.
std::unique_ptr<Linear> make_linear_panel(GemmType type, MatView<const float> weight,
                                          std::span<const float> bias, int64_t group);

}  // namespace modernbert
