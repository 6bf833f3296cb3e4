// Layer normalisation and row additions.
#pragma once

#include <span>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// y = (x - mean) / sqrt(var + eps) * weight + bias over the last axis; biased variance, two passes.
// x, y: [T,H], y may alias x.   weight: [H].   bias: [H] or empty.
void layer_norm(MatView<const float> x, std::span<const float> weight, std::span<const float> bias, float eps,
                MatView<float> y);
// The same, rounded; no alias.
void layer_norm(MatView<const float> x, std::span<const float> weight, std::span<const float> bias, float eps,
                MatView<Bf16> y);

// x += y.   [T,H] both; no alias.
void add_rows(MatView<const float> y, MatView<float> x);

namespace ref {
void layer_norm(MatView<const float> x, std::span<const float> weight, std::span<const float> bias, float eps,
                MatView<float> y);
}  // namespace ref

}  // namespace modernbert
