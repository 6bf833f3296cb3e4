#pragma once

#include "ops/linear/linear.h"

namespace modernbert {

// Plain loops with double accumulators; see make_linear.
std::unique_ptr<Linear> make_linear_ref(MatView<const float> weight, std::span<const float> bias);

}  // namespace modernbert
