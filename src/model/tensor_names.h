// What each family of checkpoints calls the tensors of an encoder: ModernBERT's and BERT's names of Hugging
// Face, and those of FlexBERT, the framework that ModernBERT was trained in.
#pragma once

#include <string>
#include <vector>

#include "modernbert/config.h"

namespace modernbert {

// Without ".weight" and ".bias".
struct LayerNames {
  std::string attn_norm;         // of a parallel layer: the only one
  std::vector<std::string> qkv;  // one tensor [3H,H], or queries, keys and values; of a parallel layer one
                                 // [3H+2I,H] with the MLP's input rows behind
  std::string attn_out;
  std::string mlp_norm, mlp_in;  // empty in a parallel layer
  std::string mlp_out;
  std::string mlp_activation;
};

struct HeadNames {
  std::string dense, activation, norm;
  std::string projection;       // decoder or classifier
  std::string projection_bias;  // whole
};

class TensorNames {
 public:
  // prefix: of the encoder's tensors, "model." or "bert."
  TensorNames(const EncoderConfig& config, std::string prefix);
  explicit TensorNames(const EncoderConfig& config) : TensorNames(config, usual_prefix(config)) {}
  static std::string usual_prefix(const EncoderConfig& config);

  const std::string& prefix() const { return prefix_; }
  std::string tokens() const;
  std::string positions() const { return prefix_ + "embeddings.position_embeddings"; }
  std::string types() const { return prefix_ + "embeddings.token_type_embeddings"; }
  std::string embedding_norm() const;
  // What the names of all tensors of a layer start with.
  std::string layer_stem(int index) const;
  LayerNames layer(int index) const;
  std::string final_norm() const { return prefix_ + "final_norm"; }

  HeadNames mlm_head() const;
  HeadNames sequence_head() const;  // sequence classification, multiple choice
  HeadNames token_head() const;
  HeadNames answer_head() const;
  std::string bert_pooler() const { return prefix_ + "pooler.dense"; }

 private:
  bool is_bert() const { return config_.model_type == "bert"; }
  LayerNames bert_layer(int index) const;

  const EncoderConfig& config_;
  std::string prefix_;
};

}  // namespace modernbert
