// Backward passes of activations and gated products.
#pragma once

#include "modernbert/activation.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// E: float or Bf16; arithmetic in fp32.

// The forward product on rows of E. ug: [R,2I], u in the first half; y: [R,I]. gated: y = act(u) * g;
// otherwise ug is [R,I] and y = act(ug).
template <class E>
void activate_rows(Activation activation, bool gated, MatView<const E> ug, MatView<E> y);

// From dy [R,I]: dug, and the forward product y once more, since it need not be kept.   dug: as ug.
template <class E>
void activate_backward(Activation activation, bool gated, MatView<const E> ug, MatView<const E> dy,
                       MatView<E> y, MatView<E> dug);

namespace ref {
// Derivative of the activation, in double.
double activation_derivative(Activation activation, double x);
}  // namespace ref

}  // namespace modernbert
