#include "model/cost.h"

namespace modernbert {
namespace {

using Kind = HeadKind;

int64_t norm_parameters(const EncoderConfig& config, bool bias) {
  return int64_t{config.hidden_size} * ((config.norm_weight ? 1 : 0) + (bias ? 1 : 0));
}

int64_t embedding_parameters(const EncoderConfig& config) {
  int64_t rows = int64_t{config.vocab_size} + config.type_vocab_size;
  if (config.absolute_positions) rows += config.max_position_embeddings;
  return rows * config.hidden_size + (config.embedding_norm ? norm_parameters(config, config.norm_bias) : 0);
}

// Rows of Wi: value and gate for a GLU.
int64_t mlp_input_rows(const EncoderConfig& config, const LayerConfig& layer) {
  return int64_t{config.intermediate_size} * (layer.mlp == MlpKind::kGlu ? 2 : 1);
}

int64_t bias_parameters(const EncoderConfig& config, const LayerConfig& layer) {
  const int64_t hidden = config.hidden_size, wide = mlp_input_rows(config, layer);
  const bool joint = layer.block == BlockKind::kParallel;  // Wi's rows lie in Wqkvff
  const bool mlp_in = joint ? config.attn_qkv_bias : config.mlp_in_bias;
  return (config.attn_qkv_bias ? 3 * hidden : 0) + (config.attn_out_bias ? hidden : 0) + (mlp_in ? wide : 0) +
         (config.mlp_out_bias ? hidden : 0);
}

int64_t encoder_norms(const EncoderConfig& config) {
  int64_t norms = config.final_norm ? 1 : 0;
  for (size_t i = 0; i < config.layers.size(); ++i) {
    norms += (config.has_attn_norm(i) ? 1 : 0) + (config.layers[i].block == BlockKind::kParallel ? 0 : 1);
  }
  return norms;
}

int64_t prediction_head_parameters(const EncoderConfig& config, const PredictionHeadConfig& head) {
  const int64_t hidden = config.hidden_size;
  return (head.dense ? hidden * hidden + (head.dense_bias ? hidden : 0) : 0) +
         (head.norm ? norm_parameters(config, head.norm_bias) : 0);
}

int64_t decoder_parameters(const EncoderConfig& config) {
  const int64_t vocab = config.vocab_size;
  return (config.tie_word_embeddings ? 0 : vocab * config.hidden_size) + (config.decoder_bias ? vocab : 0);
}

int64_t head_parameters(const EncoderConfig& config, HeadKind kind) {
  const int64_t per_label = int64_t{config.hidden_size} + 1;
  switch (kind) {
    case Kind::kNone:  // BertModel has its pooler, which is the sequence head's dense
      return config.model_type == "bert" ? prediction_head_parameters(config, config.sequence_head) : 0;
    case Kind::kMaskedLm:
      return prediction_head_parameters(config, config.mlm_head) + decoder_parameters(config);
    case Kind::kSequenceClassification:
      return prediction_head_parameters(config, config.sequence_head) + config.num_labels * per_label;
    case Kind::kTokenClassification:
      return prediction_head_parameters(config, config.token_head) + config.num_labels * per_label;
    case Kind::kQuestionAnswering:
      return prediction_head_parameters(config, config.token_head) + 2 * per_label;
    case Kind::kMultipleChoice:
      return prediction_head_parameters(config, config.sequence_head) + per_label;
  }
  return 0;
}

}  // namespace

int64_t matrix_parameters(const EncoderConfig& config) {
  const int64_t hidden = config.hidden_size;
  int64_t parameters = 0;
  for (const LayerConfig& layer : config.layers)
    parameters += hidden * (4 * hidden + mlp_input_rows(config, layer) + config.intermediate_size);
  return parameters;
}

ParameterCounts count_parameters(const EncoderConfig& config, HeadKind head) {
  ParameterCounts counts;
  counts.embeddings = embedding_parameters(config);
  counts.encoder =
      matrix_parameters(config) + encoder_norms(config) * norm_parameters(config, config.norm_bias);
  for (const LayerConfig& layer : config.layers) counts.encoder += bias_parameters(config, layer);
  counts.head = head_parameters(config, head);
  return counts;
}

int64_t visible_pairs(int64_t length, int32_t window) {
  if (window < 0 || window >= length) return length * length;
  // The full band of 2w+1 keys per query, less the two corners where it leaves the sequence.
  const int64_t w = window;
  return length * (2 * w + 1) - w * (w + 1);
}

double gemm_flops(const EncoderConfig& config, int64_t tokens) {
  return 2.0 * static_cast<double>(matrix_parameters(config)) * static_cast<double>(tokens);
}

double forward_flops(const EncoderConfig& config, int64_t length) {
  double pairs = 0;
  for (const LayerConfig& layer : config.layers) {
    pairs += static_cast<double>(visible_pairs(length, layer.window));
  }
  // Each pair: a dot product and a weighted sum over the head size, for every head: 4 H.
  return gemm_flops(config, length) + 4.0 * config.hidden_size * pairs;
}

double forward_flops(const EncoderConfig& config, const TokenBatch& batch) {
  double flops = 0;
  for (int32_t b = 0; b < batch.sequences(); ++b) flops += forward_flops(config, batch.length(b));
  return flops;
}

int64_t activation_bytes(const EncoderConfig& config, int64_t tokens) {
  constexpr int64_t kRowsPerToken = 6;
  return tokens * kRowsPerToken * config.hidden_size * int64_t{sizeof(float)};
}

}  // namespace modernbert
