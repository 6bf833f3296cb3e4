// A checkpoint's tensors under one set of roles, whatever names its family uses. Everything is checked
// against the config here; encoders and heads pack what they get.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/tensor_names.h"
#include "model/weights.h"
#include "modernbert/config.h"
#include "ops/rowwise/norm.h"
#include "tensor/matrix.h"

namespace modernbert {

struct NormParams {
  bool centers = true;  // LayerNorm; false: RMSNorm
  float eps = 0;
  std::vector<float> weight;  // [H] or empty
  std::vector<float> bias;    // [H] or empty
  RowNorm rows() const { return {centers, eps, weight, bias}; }
};

struct LinearParams {
  Matrix weight;            // [out,in]
  std::vector<float> bias;  // [out] or empty
};

struct LayerParams {
  std::optional<NormParams> attn_norm;  // none: identity (layer 0 of a pre-norm encoder)
  LinearParams qkv;                     // [3H,H]: q, k, v rows
  LinearParams attn_out;                // [H,H]
  std::optional<NormParams> mlp_norm;   // none in a parallel layer
  LinearParams mlp_in;                  // [2I,H]: u, g rows; [I,H] for a plain MLP
  LinearParams mlp_out;                 // [H,I]
  float mlp_slope = 0;                  // of a PReLU
};

struct EmbeddingTables {
  Tensor tokens;                    // [V,H], stays in the file
  std::optional<Matrix> positions;  // [max_position_embeddings,H] for absolute positions
  std::optional<Matrix> types;      // [type_vocab_size,H]
  std::optional<NormParams> norm;
};

struct PredictionHeadParams {
  std::optional<LinearParams> dense;  // [H,H]
  float slope = 0;                    // of a PReLU
  std::optional<NormParams> norm;
};

// Errors of all functions: kNotFound for a missing tensor, kInvalidFile for a wrong shape or type.
class Checkpoint {
 public:
  // Both are referred to, not copied.   Error (kInvalidFile) where the file holds more layers than the
  // config.
  Checkpoint(const EncoderConfig& config, const Weights& weights);

  EmbeddingTables embeddings() const;
  LayerParams layer(int index) const;
  // Once the layer is packed, its tensors need not stay in memory.
  void release_layer(int index) const { weights_.release(names_.layer_stem(index)); }
  std::optional<NormParams> final_norm() const;

  PredictionHeadParams mlm_head() const;
  // [V,H] and its bias: the tied embedding, or the file's own decoder.
  LinearParams mlm_decoder() const;
  PredictionHeadParams sequence_head() const;
  PredictionHeadParams token_head() const;
  LinearParams classifier(int64_t outputs) const;
  LinearParams question_answering_outputs() const;  // [2,H]
  LinearParams bert_pooler() const;                 // [H,H]

 private:
  bool is_bert() const { return config_.model_type == "bert"; }
  void reject_extra_layers() const;
  NormParams norm(const std::string& name, bool has_bias) const;
  NormParams norm(const std::string& name) const { return norm(name, config_.norm_bias); }
  LinearParams linear(const std::string& name, int64_t out, int64_t in, bool has_bias) const;
  // Of an activation; 0 where it has none.
  float slope(Activation activation, const std::string& name) const;
  // [3H,H], joined where the file keeps three.
  LinearParams qkv(const std::vector<std::string>& names) const;
  LayerParams parallel_layer(const LayerNames& names) const;
  PredictionHeadParams prediction_head(const PredictionHeadConfig& head, const HeadNames& names) const;

  const EncoderConfig& config_;
  const Weights& weights_;
  TensorNames names_;
};

}  // namespace modernbert
