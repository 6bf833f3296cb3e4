// Rows of numbers from one type to another.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace modernbert {

// Round to nearest even.   x, y: same length.
void convert_to_bf16(std::span<const float> x, std::span<Bf16> y);
void convert_to_float(std::span<const Bf16> x, std::span<float> y);
// The rounded values as floats; y may alias x.
void round_to_bf16(std::span<const float> x, std::span<float> y);

// Rows whose largest magnitude is below this are quantised to zeros.
inline constexpr float kMinMagnitude = 1e-30f;

// y[i] = 128 + round(x[i] / scale) with scale = max|x| / 127, which is returned; NaN where x holds one.
// x, y: same length.
float quantize(std::span<const float> x, std::span<uint8_t> y);
float quantize(std::span<const Bf16> x, std::span<uint8_t> y);

namespace ref {
float quantize(std::span<const float> x, std::span<uint8_t> y);
}  // namespace ref

}  // namespace modernbert
