// Rows from fp32 to bf16.
#pragma once

#include <span>

#include "tensor/dtype.h"

namespace modernbert {

// Round to nearest even.   x, y: same length.
void convert_to_bf16(std::span<const float> x, std::span<Bf16> y);
// The rounded values as floats; y may alias x.
void round_to_bf16(std::span<const float> x, std::span<float> y);

}  // namespace modernbert
