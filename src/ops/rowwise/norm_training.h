// Normalisation that remembers what its backward pass needs, fused with what stands around it in an
// encoder: the addition to the residual stream in front and the rounding of what the next product reads.
#pragma once

#include <span>

#include "ops/rowwise/norm.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// Views of the same rows; E: float or Bf16.
template <class E>
struct NormForward {
  MatView<float> x;               // residual stream [R,H]
  MatView<const float> added;     // [R,H], or no data: nothing is added
  bool normalizes = true;         // false: no norm, `out` is x rounded
  bool centers = true;            // LayerNorm; false: RMSNorm, where the mean below is 0
  const float* weight = nullptr;  // [H] or null: ones
  const float* bias = nullptr;    // [H] or null
  float eps = 0;
  bool replaces_x = false;  // x becomes the norm's output (a post-norm encoder)
  MatView<E> normalized;    // [R,H] (x - mean) * rstd, rounded; no data: not remembered
  float* rstd = nullptr;    // [R]
  MatView<E> out;           // [R,H] normalized * weight + bias, rounded; no data: not wanted
};

// x += added; the norm of x.
template <class E>
void add_and_normalize(const NormForward<E>& op);

// out = normalized * weight + bias, as the forward pass rounded it up to the rounding of `normalized`.
// weight, bias: [H] or null.
template <class E>
void scale_normalized(MatView<const E> normalized, const float* weight, const float* bias, MatView<E> out);

template <class E>
struct NormBackward {
  MatView<const float> dy;      // gradient of the norm's output [R,H], or no data: dx itself is
  MatView<const E> normalized;  // [R,H]
  const float* rstd = nullptr;  // [R]
  bool centers = true;
  const float* weight = nullptr;  // [H] or null
  bool accumulates = true;        // dx += instead of dx =
  MatView<float> dx;              // [R,H]
  float* dweight = nullptr;       // [H], added to; may be null
  float* dbias = nullptr;         // [H], added to; may be null
};

// dx += rstd * (g - mean(g) - n * mean(g * n)) with g = dy * weight, n = normalized; RMSNorm without mean(g).
template <class E>
void normalize_backward(const NormBackward<E>& op);

// y = x rounded.
template <class E>
void round_rows(MatView<const float> x, MatView<E> y);
// x += y.
template <class E>
void add_to_rows(MatView<const E> y, MatView<float> x);
// sums[c] += sum over rows of x[.,c].
template <class E>
void add_column_sums(MatView<const E> x, float* sums);

namespace ref {
// dx [R,H] is overwritten, dweight and dbias [H] are added to. x is the norm's input; double accumulators.
void normalize_backward(MatView<const float> x, const RowNorm& norm, MatView<const float> dy,
                        MatView<float> dx, std::span<double> dweight, std::span<double> dbias);
}  // namespace ref

}  // namespace modernbert
