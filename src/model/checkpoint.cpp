#include "model/checkpoint.h"

#include <algorithm>
#include <array>

#include "core/fail.h"

namespace modernbert {
namespace {

std::string find_prefix(const Weights& weights, const std::string& embedding, const std::string& expected) {
  for (const std::string prefix : {"model.", "", "bert.", "encoder."}) {
    if (weights.find(prefix + embedding) != nullptr) return prefix;
  }
  return expected;  // the first tensor that is asked for names itself as missing
}

Matrix to_matrix(const Tensor& tensor) {
  Matrix matrix(tensor.shape[0], tensor.shape[1]);
  convert_to_float(tensor.dtype, tensor.data, static_cast<size_t>(tensor.elements()), matrix.view().data);
  return matrix;
}

}  // namespace

Checkpoint::Checkpoint(const EncoderConfig& config, const Weights& weights)
    : config_(config), weights_(weights) {
  prefix_ = is_bert() ? find_prefix(weights, "embeddings.word_embeddings.weight", "bert.")
                      : find_prefix(weights, "embeddings.tok_embeddings.weight", "model.");
  reject_extra_layers();
}

void Checkpoint::reject_extra_layers() const {
  const std::string stem = prefix_ + (is_bert() ? "encoder.layer." : "layers.");
  const std::string extra = stem + std::to_string(config_.num_hidden_layers) + ".";
  const auto it = weights_.tensors().lower_bound(extra);
  if (it != weights_.tensors().end() && it->first.starts_with(extra)) {
    fail(ErrorCode::kInvalidFile, "{}: holds {}, but num_hidden_layers is {}", it->second.source, it->first,
         config_.num_hidden_layers);
  }
}

NormParams Checkpoint::norm(const std::string& name, bool has_bias) const {
  // Files of the TensorFlow era say gamma and beta.
  const bool old_names =
      weights_.find(name + ".weight") == nullptr && weights_.find(name + ".gamma") != nullptr;
  NormParams params;
  params.weight =
      weights_.require(name + (old_names ? ".gamma" : ".weight"), {config_.hidden_size}).to_floats();
  if (has_bias)
    params.bias = weights_.require(name + (old_names ? ".beta" : ".bias"), {config_.hidden_size}).to_floats();
  return params;
}

LinearParams Checkpoint::linear(const std::string& name, int64_t out, int64_t in, bool has_bias) const {
  LinearParams params;
  params.weight = to_matrix(weights_.require(name + ".weight", {out, in}));
  if (has_bias) params.bias = weights_.require(name + ".bias", {out}).to_floats();
  return params;
}

EmbeddingTables Checkpoint::embeddings() const {
  const std::string stem = prefix_ + "embeddings.";
  const int64_t hidden = config_.hidden_size;
  EmbeddingTables tables;
  tables.tokens = weights_.require(stem + (is_bert() ? "word_embeddings.weight" : "tok_embeddings.weight"),
                                   {config_.vocab_size, hidden});
  if (config_.position_kind == PositionKind::kAbsolute) {
    tables.positions = to_matrix(
        weights_.require(stem + "position_embeddings.weight", {config_.max_position_embeddings, hidden}));
  }
  if (config_.type_vocab_size > 0) {
    tables.types =
        to_matrix(weights_.require(stem + "token_type_embeddings.weight", {config_.type_vocab_size, hidden}));
  }
  tables.norm = norm(stem + (is_bert() ? "LayerNorm" : "norm"), config_.norm_bias);
  return tables;
}

LayerParams Checkpoint::layer(int index) const {
  return is_bert() ? bert_layer(index) : modernbert_layer(index);
}

std::string Checkpoint::layer_stem(int index) const {
  return fmt::format("{}{}{}.", prefix_, is_bert() ? "encoder.layer." : "layers.", index);
}

LayerParams Checkpoint::modernbert_layer(int index) const {
  const std::string stem = layer_stem(index);
  const int64_t hidden = config_.hidden_size, inner = config_.intermediate_size;
  LayerParams layer;
  // A stray layers.0.attn_norm.weight in a file is ignored, as by transformers.
  if (index > 0 || !config_.skip_first_prenorm) layer.attn_norm = norm(stem + "attn_norm", config_.norm_bias);
  layer.qkv = linear(stem + "attn.Wqkv", 3 * hidden, hidden, config_.attention_bias);
  layer.attn_out = linear(stem + "attn.Wo", hidden, hidden, config_.attention_bias);
  layer.mlp_norm = norm(stem + "mlp_norm", config_.norm_bias);
  layer.mlp_in = linear(stem + "mlp.Wi", 2 * inner, hidden, config_.mlp_bias);
  layer.mlp_out = linear(stem + "mlp.Wo", hidden, inner, config_.mlp_bias);
  return layer;
}

LinearParams Checkpoint::bert_qkv(const std::string& layer) const {
  const int64_t hidden = config_.hidden_size;
  LinearParams joined{Matrix(3 * hidden, hidden), {}};
  int64_t row = 0;
  for (const char* part : {"query", "key", "value"}) {
    const LinearParams one = linear(layer + "attention.self." + part, hidden, hidden, true);
    std::ranges::copy(one.weight.values(), joined.weight.view().row_data(row));
    joined.bias.insert(joined.bias.end(), one.bias.begin(), one.bias.end());
    row += hidden;
  }
  return joined;
}

LayerParams Checkpoint::bert_layer(int index) const {
  const std::string stem = layer_stem(index);
  const int64_t hidden = config_.hidden_size, inner = config_.intermediate_size;
  LayerParams layer;
  layer.attn_norm = norm(stem + "attention.output.LayerNorm", true);
  layer.qkv = bert_qkv(stem);
  layer.attn_out = linear(stem + "attention.output.dense", hidden, hidden, true);
  layer.mlp_norm = norm(stem + "output.LayerNorm", true);
  layer.mlp_in = linear(stem + "intermediate.dense", inner, hidden, true);
  layer.mlp_out = linear(stem + "output.dense", hidden, inner, true);
  return layer;
}

std::optional<NormParams> Checkpoint::final_norm() const {
  if (!config_.final_norm) return std::nullopt;
  return norm(prefix_ + "final_norm", config_.norm_bias);
}

PredictionHeadParams Checkpoint::prediction_head(const PredictionHeadConfig& head, const std::string& dense,
                                                 const std::string& norm_name) const {
  PredictionHeadParams params;
  if (head.dense) params.dense = linear(dense, config_.hidden_size, config_.hidden_size, head.dense_bias);
  if (head.norm) params.norm = norm(norm_name, head.norm_bias);
  return params;
}

PredictionHeadParams Checkpoint::mlm_head() const {
  if (is_bert())
    return prediction_head(config_.mlm_head, "cls.predictions.transform.dense",
                           "cls.predictions.transform.LayerNorm");
  return prediction_head(config_.mlm_head, "head.dense", "head.norm");
}

LinearParams Checkpoint::mlm_decoder() const {
  const std::string own = is_bert() ? "cls.predictions.decoder.weight" : "decoder.weight";
  const Tensor tied = embeddings().tokens;
  const Tensor& weight =
      config_.tie_word_embeddings ? tied : weights_.require(own, {config_.vocab_size, config_.hidden_size});
  LinearParams params{to_matrix(weight), {}};
  if (!config_.decoder_bias) return params;
  std::string bias = is_bert() ? "cls.predictions.bias" : "decoder.bias";
  if (is_bert() && weights_.find(bias) == nullptr) bias = "cls.predictions.decoder.bias";
  params.bias = weights_.require(bias, {config_.vocab_size}).to_floats();
  return params;
}

PredictionHeadParams Checkpoint::sequence_head() const {
  return prediction_head(config_.sequence_head, is_bert() ? prefix_ + "pooler.dense" : "head.dense",
                         "head.norm");
}

PredictionHeadParams Checkpoint::token_head() const {
  return prediction_head(config_.token_head, "head.dense", "head.norm");
}

LinearParams Checkpoint::classifier(int64_t outputs) const {
  return linear("classifier", outputs, config_.hidden_size, true);
}

LinearParams Checkpoint::question_answering_outputs() const {
  return linear(is_bert() ? "qa_outputs" : "classifier", 2, config_.hidden_size, true);
}

LinearParams Checkpoint::bert_pooler() const {
  return linear(prefix_ + "pooler.dense", config_.hidden_size, config_.hidden_size, true);
}

}  // namespace modernbert
