#include "model/tensor_names.h"

#include <fmt/format.h>

#include <utility>

namespace modernbert {

TensorNames::TensorNames(const EncoderConfig& config, std::string prefix)
    : config_(config), prefix_(std::move(prefix)) {}

std::string TensorNames::usual_prefix(const EncoderConfig& config) {
  return config.model_type == "modernbert" ? "model." : "bert.";
}

std::string TensorNames::tokens() const {
  return prefix_ + (is_bert() ? "embeddings.word_embeddings" : "embeddings.tok_embeddings");
}

std::string TensorNames::embedding_norm() const {
  return prefix_ + (is_bert() ? "embeddings.LayerNorm" : "embeddings.norm");
}

std::string TensorNames::layer_stem(int index) const {
  const char* folder = is_bert()                            ? "encoder.layer."
                       : config_.model_type == "modernbert" ? "layers."
                                                            : "encoder.layers.";
  return fmt::format("{}{}{}.", prefix_, folder, index);
}

LayerNames TensorNames::layer(int index) const {
  if (is_bert()) return bert_layer(index);
  const std::string stem = layer_stem(index);
  if (config_.layers[static_cast<size_t>(index)].block == BlockKind::kParallel)
    return {stem + "norm", {stem + "Wqkvff"}, stem + "attn.Wo", "", "", stem + "mlp.Wo", stem + "mlp.act"};
  return {stem + "attn_norm", {stem + "attn.Wqkv"}, stem + "attn.Wo", stem + "mlp_norm",
          stem + "mlp.Wi",    stem + "mlp.Wo",      stem + "mlp.act"};
}

LayerNames TensorNames::bert_layer(int index) const {
  const std::string stem = layer_stem(index), attention = stem + "attention.self.";
  return {stem + "attention.output.LayerNorm",
          {attention + "query", attention + "key", attention + "value"},
          stem + "attention.output.dense",
          stem + "output.LayerNorm",
          stem + "intermediate.dense",
          stem + "output.dense",
          stem + "intermediate.intermediate_act_fn"};
}

HeadNames TensorNames::mlm_head() const {
  if (!is_bert()) return {"head.dense", "head.act", "head.norm", "decoder", "decoder.bias"};
  const std::string stem = "cls.predictions.";
  return {stem + "transform.dense", stem + "transform.transform_act_fn", stem + "transform.LayerNorm",
          stem + "decoder", stem + "bias"};
}

HeadNames TensorNames::sequence_head() const {
  HeadNames names = token_head();
  if (is_bert()) names.dense = bert_pooler();
  return names;
}

HeadNames TensorNames::token_head() const {
  return {"head.dense", "head.act", "head.norm", "classifier", "classifier.bias"};
}

HeadNames TensorNames::answer_head() const {
  HeadNames names = token_head();
  if (is_bert()) names.projection = "qa_outputs";
  names.projection_bias = names.projection + ".bias";
  return names;
}

}  // namespace modernbert
