#include "training/model/mlp_pass.h"

#include "ops/rowwise/activations_training.h"

namespace modernbert {

template <class E>
void MlpPass<E>::forward(size_t layer, const BatchRows& rows, MatView<const E> x, Rows<E>& wide_rows,
                         MatView<float> y) {
  const LayerPlaces& places = context_.places.layers[layer];
  const MatView<E> wide = wide_rows.resize(rows.padded, places.mlp_in.out);
  const MatView<E> inner = inner_.resize(rows.padded, context_.config.intermediate_size);
  const ActivationFunction activation = this->activation(layer);
  linear_forward<E, E>(context_.weights, places.mlp_in, x, wide);
  parallel_rows(context_.threads, rows.count, [&](Range range, int) {
    activate_rows<E>(activation, gated(layer), wide.slice_rows(range.begin, range.size()),
                     inner.slice_rows(range.begin, range.size()));
  });
  context_.drop(dropout(layer), rows, inner);
  clear_padding(inner, rows.count);
  linear_forward<E, float>(context_.weights, places.mlp_out, inner, y);
}

template <class E>
MatView<const float> MlpPass<E>::backward(size_t layer, const BatchRows& rows, MatView<const E> dy,
                                          MatView<const E> x, Rows<E>& wide, ParameterBlock& gradients) {
  const LayerPlaces& places = context_.places.layers[layer];
  const MatView<E> dinner = dinner_.resize(rows.padded, context_.config.intermediate_size);
  const MatView<E> inner = inner_.resize(rows.padded, context_.config.intermediate_size);
  const MatView<E> dwide = dwide_.resize(rows.padded, places.mlp_in.out);
  linear_input_gradient<E, E>(context_.weights, places.mlp_out, dy, dinner);
  context_.drop(dropout(layer), rows, dinner);
  const ActivationFunction activation = this->activation(layer);
  if (places.mlp_slope != kNowhere)
    gradients.values()[static_cast<size_t>(places.mlp_slope)] += static_cast<float>(
        slope_gradient<E>(gated(layer), wide.first(rows.count), dinner.slice_rows(0, rows.count)));
  parallel_rows(context_.threads, rows.count, [&](Range range, int) {
    const auto part = [&](auto view) { return view.slice_rows(range.begin, range.size()); };
    activate_backward<E>(activation, gated(layer), part(MatView<const E>(wide.first(rows.padded))),
                         part(MatView<const E>(dinner)), part(inner), part(dwide));
  });
  context_.drop(dropout(layer), rows, inner);
  clear_padding(inner, rows.count);
  clear_padding(dwide, rows.count);
  linear_weight_gradient<E>(places.mlp_out, dy, inner, rows.count, context_.threads, gradients);
  linear_weight_gradient<E>(places.mlp_in, dwide, x, rows.count, context_.threads, gradients);
  const MatView<float> dx = dx_.resize(rows.padded, context_.config.hidden_size);
  linear_input_gradient<E, float>(context_.weights, places.mlp_in, dwide, dx);
  return dx;
}

template class MlpPass<float>;
template class MlpPass<Bf16>;

}  // namespace modernbert
