// A layer's MLP forward and backward: Wo(drop(act(u) * g)), [u,g] = Wi x, or Wo(drop(act(Wi x))).
#pragma once

#include "ops/rowwise/activations.h"
#include "training/model/linear_pass.h"
#include "training/model/pass_context.h"
#include "training/model/rows_buffer.h"

namespace modernbert {

template <class E>
class MlpPass {
 public:
  explicit MlpPass(const PassContext<E>& context) : context_(context) {}

  // x, y: [padded,H].   wide: kept for the backward pass, [padded,2I] or [padded,I].
  void forward(size_t layer, const BatchRows& rows, MatView<const E> x, Rows<E>& wide, MatView<float> y);
  // Adds the gradients of both matrices, and of a trained activation.   dy, x: [padded,H]. Returns the
  // gradient of x, [padded,H], valid until the next call.
  MatView<const float> backward(size_t layer, const BatchRows& rows, MatView<const E> dy, MatView<const E> x,
                                Rows<E>& wide, ParameterBlock& gradients);

 private:
  ActivationFunction activation(size_t layer) const {
    const float* slope = context_.weights.vector(context_.places.layers[layer].mlp_slope);
    return {context_.config.hidden_activation, slope == nullptr ? 0 : *slope};
  }
  bool gated(size_t layer) const { return context_.config.layers[layer].mlp == MlpKind::kGlu; }
  Dropout dropout(size_t layer) const {
    return context_.dropout(context_.options.mlp_dropout, DropoutSite::kMlp, layer);
  }

  const PassContext<E>& context_;
  Rows<E> inner_, dinner_, dwide_;
  Rows<float> dx_;
};

}  // namespace modernbert
