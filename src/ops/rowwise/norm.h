// Normalisation of rows, and row additions.
#pragma once

#include <span>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// y = (x - mean) / sqrt(var + eps) * weight + bias over the last axis; biased variance, two passes.
// Without centring (RMSNorm): y = x / sqrt(mean(x^2) + eps) * weight + bias.
struct RowNorm {
  bool centers = true;  // LayerNorm; false: RMSNorm
  float eps = 0;
  std::span<const float> weight;  // [H], or empty: ones
  std::span<const float> bias;    // [H], or empty: zeros
};

// x, y: [T,H], y may alias x.
void normalize(const RowNorm& norm, MatView<const float> x, MatView<float> y);
// The same, rounded; no alias.
void normalize(const RowNorm& norm, MatView<const float> x, MatView<Bf16> y);

// x += y.   [T,H] both; no alias.
void add_rows(MatView<const float> y, MatView<float> x);

namespace ref {
void normalize(const RowNorm& norm, MatView<const float> x, MatView<float> y);
}  // namespace ref

}  // namespace modernbert
