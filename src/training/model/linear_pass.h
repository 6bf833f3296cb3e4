// y = x W^T + b as a step of a model.
#pragma once

#include "ops/matmul/matmul.h"
#include "training/model/compute_weights.h"

namespace modernbert {

template <class E, class Out>
void linear_forward(const ComputeWeights<E>& weights, const LinearPlaces& places, MatView<const E> x,
                    MatView<Out> y) {
  multiply_forward<E, Out>(x, weights.matrix(places), weights.vector(places.bias), y);
}

// Adds dW and db. Only the first `count` rows count for the bias; rows past them are zeros in x or in dy.
template <class E>
void linear_weight_gradient(const LinearPlaces& places, MatView<const E> dy, MatView<const E> x,
                            int64_t count, int threads, ParameterBlock& gradients) {
  float* values = gradients.values().data();
  multiply_weight_gradient<E>(dy, x, MatView<float>(values + places.weight, places.out, places.in));
  if (places.bias == kNowhere) return;
  parallel_rows(threads, places.out, [&](Range columns, int) {
    add_column_sums<E>(dy.slice_rows(0, count).slice_cols(columns.begin, columns.size()),
                       values + places.bias + columns.begin);
  });
}

template <class E, class Out>
void linear_input_gradient(const ComputeWeights<E>& weights, const LinearPlaces& places, MatView<const E> dy,
                           MatView<Out> dx) {
  multiply_input_gradient<E, Out>(dy, weights.matrix(places), dx);
}

}  // namespace modernbert
