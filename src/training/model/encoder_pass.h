// Forward pass of an encoder that keeps what its backward pass needs, and the backward pass: what stands
// around each layer's attention and MLP.
#pragma once

#include <optional>
#include <vector>

#include "training/model/attention_pass.h"
#include "training/model/mlp_pass.h"
#include "training/model/residual_stream.h"
#include "training/run/trained_model.h"

namespace modernbert {

// What a layer keeps of its forward pass. E: float or Bf16.
template <class E>
struct KeptLayer {
  KeptNorm<E> attn_norm;
  Rows<E> attn_input;  // [T,H] what attention read, where no norm stands in front of it
  KeptAttention<E> attention;
  KeptNorm<E> mlp_norm;
  Rows<E> mlp_wide;  // [T,2I]
};

template <class E>
class EncoderPass {
 public:
  // All are referred to, not copied.
  EncoderPass(const EncoderConfig& config, const TrainingOptions& options, int threads,
              const ModelPlaces& places, const ComputeWeights<E>& weights);

  // The last hidden states, [padded,H], rounded; valid until the next call.
  // dropout_key: none: no dropout (evaluation).
  MatView<const E> forward(const BatchRows& rows, std::optional<uint64_t> dropout_key);

  // The gradient of the last hidden states, to be filled by the caller: [T,H].
  MatView<float> hidden_gradient() { return stream_.gradient(); }
  // Adds to all gradients of the encoder; the same batch as the last forward pass. The gradients of the head,
  // which lie behind the encoder's, must be there already.
  void backward(const BatchRows& rows, ParameterBlock& gradients, const FinalGradients& final_from = {});

 private:
  KeptLayer<E>& kept(size_t layer) { return kept_[context_.options.recompute ? 0 : layer]; }
  BlockKind block(size_t layer) const { return context_.config.layers[layer].block; }
  // Whether a norm stands between the stream and attention's input.
  bool reads_norm(size_t layer) const {
    return block(layer) != BlockKind::kPostNorm && context_.places.layers[layer].attn_norm.exists;
  }

  void embed(const BatchRows& rows);
  // added: rows that still have to be added to the stream, or no data. Returns what is left to be added after
  // the layer.
  MatView<const float> run_layer(size_t layer, const BatchRows& rows, MatView<const float> added);
  void remember_input(size_t layer, MatView<const float> added);
  MatView<const E> attention_input(size_t layer, MatView<const float> added);
  // What the MLP reads, after attention's output has been added to the stream.
  MatView<const E> mlp_input(size_t layer, MatView<const E> attention_input);

  void backward_layer(size_t layer, const BatchRows& rows, ParameterBlock& gradients);
  void backward_pre_norm(size_t layer, const BatchRows& rows, ParameterBlock& gradients);
  void backward_post_norm(size_t layer, const BatchRows& rows, ParameterBlock& gradients);
  void backward_parallel(size_t layer, const BatchRows& rows, ParameterBlock& gradients);
  MatView<const E> attention_input_again(size_t layer);
  void backward_attention_input(size_t layer, MatView<const float> gradient, ParameterBlock& gradients);
  void backward_embeddings(const BatchRows& rows, ParameterBlock& gradients);

  PassContext<E> context_;
  int64_t count_ = 0, padded_ = 0;
  ResidualStream<E> stream_;
  AttentionPass<E> attention_;
  MlpPass<E> mlp_;

  std::vector<KeptLayer<E>> kept_;
  std::vector<Rows<float>> inputs_;  // of each layer, where layers are recomputed
  KeptNorm<E> embedding_norm_, final_norm_;
  Rows<E> input_;         // [T,H] of the next product
  Rows<float> output_;    // [T,H] what a product adds to the stream
  Rows<float> gradient_;  // [T,H] of an input that two products read
};

}  // namespace modernbert
