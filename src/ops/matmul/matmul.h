// The products of training: large matrices that change every step, so nothing is packed ahead of time.
#pragma once

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// E: float or Bf16; sums are formed in fp32. Out: float or E. Each shape is prepared once and remembered, so
// rows should come in few different numbers. Not to be called from inside a parallel region; uses the threads
// of OpenMP.

// y = x w^T + bias.   x: [T,in], w: [out,in], y: [T,out]; bias: [out] or null.
template <class E, class Out>
void multiply_forward(MatView<const E> x, MatView<const E> w, const float* bias, MatView<Out> y);

// dx = dy w.   dy: [T,out], w: [out,in], dx: [T,in].
template <class E, class Out>
void multiply_input_gradient(MatView<const E> dy, MatView<const E> w, MatView<Out> dx);

// dw += dy^T x.   dy: [T,out], x: [T,in], dw: [out,in].
template <class E>
void multiply_weight_gradient(MatView<const E> dy, MatView<const E> x, MatView<float> dw);

}  // namespace modernbert
