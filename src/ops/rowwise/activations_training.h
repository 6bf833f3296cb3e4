// Backward passes of activations and gated products.
#pragma once

#include "ops/rowwise/activations.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// E: float or Bf16; arithmetic in fp32.

// The forward product on rows of E. ug: [R,2I], u in the first half; y: [R,I]. gated: y = act(u) * g;
// otherwise ug is [R,I] and y = act(ug).
template <class E>
void activate_rows(const ActivationFunction& f, bool gated, MatView<const E> ug, MatView<E> y);

// From dy [R,I]: dug, and the forward product y once more, since it need not be kept.   dug: as ug.
template <class E>
void activate_backward(const ActivationFunction& f, bool gated, MatView<const E> ug, MatView<const E> dy,
                       MatView<E> y, MatView<E> dug);

// The gradient of kPrelu's slope: the sum of dy * u (* g) over all u < 0. In double, row after row.
template <class E>
double slope_gradient(bool gated, MatView<const E> ug, MatView<const E> dy);

namespace ref {
// Derivative of the activation, in double.
double activation_derivative(const ActivationFunction& f, double x);
}  // namespace ref

}  // namespace modernbert
