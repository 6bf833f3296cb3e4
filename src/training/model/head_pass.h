// Prediction head, projection and loss on some rows of the last hidden states, and the way back.
#pragma once

#include "core/function_ref.h"
#include "ops/rowwise/activations.h"
#include "training/model/encoder_pass.h"
#include "training/model/linear_pass.h"

namespace modernbert {

template <class E>
class HeadPass {
 public:
  // Rows [first, first + logits.rows) of the head's logits. Turns them into the gradient of the loss, in the
  // memory of the same rows; `gradient` is that memory seen as E.
  using Loss = FunctionRef<void(int64_t first, MatView<float> logits, MatView<E> gradient)>;

  // All are referred to, not copied. block_rows: how many rows of logits are held at once.
  HeadPass(const EncoderConfig& config, const PredictionHeadConfig& head, int threads,
           const ModelPlaces& places, const ComputeWeights<E>& weights, int64_t block_rows);

  // hidden: [padded,H], of which `count` rows count and the rest are zeros; must stay until backward.
  void forward(MatView<const E> hidden, int64_t count, const Dropout& dropout);
  // Logits block by block, given to the loss. gradients: null for evaluation, else the projection's are
  // added.
  void apply_loss(Loss loss, ParameterBlock* gradients);
  // After apply_loss: adds the head's own gradients. Returns those of the hidden rows, [padded,H].
  MatView<const E> backward(ParameterBlock& gradients);

 private:
  ActivationFunction activation() const {
    const float* slope = weights_.vector(places_.head_slope);
    return {head_.activation, slope == nullptr ? 0 : *slope};
  }
  void normalize();
  void backward_norm(ParameterBlock& gradients);

  const EncoderConfig& config_;
  const PredictionHeadConfig& head_;
  int threads_;
  const ModelPlaces& places_;
  const ComputeWeights<E>& weights_;
  int64_t block_rows_;

  Dropout dropout_;
  int64_t count_ = 0;
  MatView<const E> hidden_;
  Rows<float> dense_,
      x_;  // before and after the activation; few rows, so nothing is rounded but a product's operands
  Rows<E> normalized_, out_;
  Rows<float> logits_, dout_;
  Rows<E> rounded_, dhidden_;
  std::vector<float> rstd_;
};

}  // namespace modernbert
