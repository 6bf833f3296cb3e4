#include "model/checkpoint.h"

#include <algorithm>

#include "core/fail.h"

namespace modernbert {
namespace {

std::string find_prefix(const EncoderConfig& config, const Weights& weights) {
  for (const std::string prefix : {"model.", "", "bert.", "encoder."}) {
    if (weights.find(TensorNames(config, prefix).tokens() + ".weight") != nullptr) return prefix;
  }
  return TensorNames::usual_prefix(config);  // the first tensor that is asked for names itself as missing
}

Matrix to_matrix(const Tensor& tensor) {
  Matrix matrix(tensor.shape[0], tensor.shape[1]);
  convert_to_float(tensor.dtype, tensor.data, static_cast<size_t>(tensor.elements()), matrix.view().data);
  return matrix;
}

// Rows [begin, begin + count) of a linear layer.
LinearParams slice_rows(const LinearParams& params, int64_t begin, int64_t count) {
  LinearParams part{Matrix(count, params.weight.cols()), {}};
  for (int64_t r = 0; r < count; ++r)
    std::ranges::copy(params.weight.row(begin + r), part.weight.row(r).begin());
  if (!params.bias.empty())
    part.bias.assign(params.bias.begin() + begin, params.bias.begin() + begin + count);
  return part;
}

}  // namespace

Checkpoint::Checkpoint(const EncoderConfig& config, const Weights& weights)
    : config_(config), weights_(weights), names_(config, find_prefix(config, weights)) {
  reject_extra_layers();
}

void Checkpoint::reject_extra_layers() const {
  const std::string extra = names_.layer_stem(config_.num_hidden_layers);
  const auto it = weights_.tensors().lower_bound(extra);
  if (it != weights_.tensors().end() && it->first.starts_with(extra)) {
    fail(ErrorCode::kInvalidFile, "{}: holds {}, but num_hidden_layers is {}", it->second.source, it->first,
         config_.num_hidden_layers);
  }
}

NormParams Checkpoint::norm(const std::string& name, bool has_bias) const {
  NormParams params{config_.norm_kind == NormKind::kLayerNorm, static_cast<float>(config_.norm_eps), {}, {}};
  // Files of the TensorFlow era say gamma and beta.
  const bool old_names =
      weights_.find(name + ".weight") == nullptr && weights_.find(name + ".gamma") != nullptr;
  const auto vector = [&](const char* suffix) {
    return weights_.require(name + suffix, {config_.hidden_size}).to_floats();
  };
  if (config_.norm_weight) params.weight = vector(old_names ? ".gamma" : ".weight");
  if (has_bias) params.bias = vector(old_names ? ".beta" : ".bias");
  return params;
}

LinearParams Checkpoint::linear(const std::string& name, int64_t out, int64_t in, bool has_bias) const {
  LinearParams params;
  params.weight = to_matrix(weights_.require(name + ".weight", {out, in}));
  if (has_bias) params.bias = weights_.require(name + ".bias", {out}).to_floats();
  return params;
}

float Checkpoint::slope(Activation activation, const std::string& name) const {
  if (activation != Activation::kPrelu) return 0;
  return weights_.require(name + ".weight", {1}).to_floats()[0];
}

EmbeddingTables Checkpoint::embeddings() const {
  const int64_t hidden = config_.hidden_size;
  EmbeddingTables tables;
  tables.tokens = weights_.require(names_.tokens() + ".weight", {config_.vocab_size, hidden});
  if (config_.absolute_positions) {
    tables.positions = to_matrix(
        weights_.require(names_.positions() + ".weight", {config_.max_position_embeddings, hidden}));
  }
  if (config_.type_vocab_size > 0)
    tables.types = to_matrix(weights_.require(names_.types() + ".weight", {config_.type_vocab_size, hidden}));
  if (config_.embedding_norm) tables.norm = norm(names_.embedding_norm());
  return tables;
}

LinearParams Checkpoint::qkv(const std::vector<std::string>& names) const {
  const int64_t hidden = config_.hidden_size, parts = static_cast<int64_t>(names.size());
  if (parts == 1) return linear(names[0], 3 * hidden, hidden, config_.attn_qkv_bias);
  LinearParams joined{Matrix(parts * hidden, hidden), {}};
  int64_t row = 0;
  for (const std::string& name : names) {
    const LinearParams one = linear(name, hidden, hidden, config_.attn_qkv_bias);
    std::ranges::copy(one.weight.values(), joined.weight.view().row_data(row));
    joined.bias.insert(joined.bias.end(), one.bias.begin(), one.bias.end());
    row += hidden;
  }
  return joined;
}

LayerParams Checkpoint::layer(int index) const {
  const LayerNames names = names_.layer(index);
  const LayerConfig& config = config_.layers[static_cast<size_t>(index)];
  const int64_t hidden = config_.hidden_size, inner = config_.intermediate_size;
  const bool parallel = config.block == BlockKind::kParallel;
  LayerParams layer;
  if (parallel) {
    layer = parallel_layer(names);
  } else {
    layer.qkv = qkv(names.qkv);
    layer.mlp_norm = norm(names.mlp_norm);
    layer.mlp_in =
        linear(names.mlp_in, config.mlp == MlpKind::kGlu ? 2 * inner : inner, hidden, config_.mlp_in_bias);
  }
  // A stray layers.0.attn_norm.weight in a file is ignored, as by transformers.
  if (config_.has_attn_norm(static_cast<size_t>(index))) layer.attn_norm = norm(names.attn_norm);
  layer.attn_out = linear(names.attn_out, hidden, hidden, config_.attn_out_bias);
  layer.mlp_out = linear(names.mlp_out, hidden, inner, config_.mlp_out_bias);
  layer.mlp_slope = slope(config_.hidden_activation, names.mlp_activation);
  return layer;
}

// Its one input matrix is cut in two: the products run at different times.
LayerParams Checkpoint::parallel_layer(const LayerNames& names) const {
  const int64_t hidden = config_.hidden_size, wide = 2 * int64_t{config_.intermediate_size};
  const LinearParams joint = linear(names.qkv[0], 3 * hidden + wide, hidden, config_.attn_qkv_bias);
  LayerParams layer;
  layer.qkv = slice_rows(joint, 0, 3 * hidden);
  layer.mlp_in = slice_rows(joint, 3 * hidden, wide);
  return layer;
}

std::optional<NormParams> Checkpoint::final_norm() const {
  if (!config_.final_norm) return std::nullopt;
  return norm(names_.final_norm());
}

PredictionHeadParams Checkpoint::prediction_head(const PredictionHeadConfig& head,
                                                 const HeadNames& names) const {
  PredictionHeadParams params;
  if (head.dense)
    params.dense = linear(names.dense, config_.hidden_size, config_.hidden_size, head.dense_bias);
  params.slope = slope(head.activation, names.activation);
  if (head.norm) params.norm = norm(names.norm, head.norm_bias);
  return params;
}

PredictionHeadParams Checkpoint::mlm_head() const {
  return prediction_head(config_.mlm_head, names_.mlm_head());
}

LinearParams Checkpoint::mlm_decoder() const {
  const HeadNames names = names_.mlm_head();
  const Tensor tied = embeddings().tokens;
  const Tensor& weight =
      config_.tie_word_embeddings
          ? tied
          : weights_.require(names.projection + ".weight", {config_.vocab_size, config_.hidden_size});
  LinearParams params{to_matrix(weight), {}};
  if (!config_.decoder_bias) return params;
  std::string bias = names.projection_bias;
  if (weights_.find(bias) == nullptr && is_bert()) bias = names.projection + ".bias";
  params.bias = weights_.require(bias, {config_.vocab_size}).to_floats();
  return params;
}

PredictionHeadParams Checkpoint::sequence_head() const {
  return prediction_head(config_.sequence_head, names_.sequence_head());
}

PredictionHeadParams Checkpoint::token_head() const {
  return prediction_head(config_.token_head, names_.token_head());
}

LinearParams Checkpoint::classifier(int64_t outputs) const {
  return linear(names_.token_head().projection, outputs, config_.hidden_size, true);
}

LinearParams Checkpoint::question_answering_outputs() const {
  return linear(names_.answer_head().projection, 2, config_.hidden_size, true);
}

LinearParams Checkpoint::bert_pooler() const {
  return linear(names_.bert_pooler(), config_.hidden_size, config_.hidden_size, true);
}

}  // namespace modernbert
