#include "cli/config_json.h"

namespace modernbert::cli {
namespace {

const char* name_of(ProblemType type) {
  switch (type) {
    case ProblemType::kUnset:
      return "unset";
    case ProblemType::kRegression:
      return "regression";
    case ProblemType::kSingleLabel:
      return "single_label_classification";
    case ProblemType::kMultiLabel:
      return "multi_label_classification";
  }
  return "?";
}

OutJson head_to_json(const PredictionHeadConfig& head) {
  OutJson object;
  object["dense"] = head.dense;
  object["dense_bias"] = head.dense_bias;
  object["activation"] = std::string(to_string(head.activation));
  object["norm"] = head.norm;
  object["norm_bias"] = head.norm_bias;
  return object;
}

// One entry per layer: kind, the window on each side (null = all), how much of each head is rotated and by
// which base.
void add_layers(const EncoderConfig& config, OutJson& object) {
  OutJson blocks = OutJson::array(), mlps = OutJson::array(), windows = OutJson::array(),
          thetas = OutJson::array(), dims = OutJson::array();
  for (const LayerConfig& layer : config.layers) {
    blocks.push_back(std::string(to_string(layer.block)));
    mlps.push_back(std::string(to_string(layer.mlp)));
    windows.push_back(layer.window < 0 ? OutJson() : OutJson(layer.window));
    thetas.push_back(static_cast<float>(layer.rope_theta));
    dims.push_back(config.rope_dim(layer));
  }
  object["layer_blocks"] = std::move(blocks);
  object["layer_mlps"] = std::move(mlps);
  object["layer_windows"] = std::move(windows);
  object["layer_rope_dims"] = std::move(dims);
  object["layer_rope_thetas"] = std::move(thetas);
  object["rope_interleaved"] = config.rope_interleaved;
}

void add_sizes(const EncoderConfig& config, OutJson& object) {
  object["vocab_size"] = config.vocab_size;
  object["hidden_size"] = config.hidden_size;
  object["intermediate_size"] = config.intermediate_size;
  object["num_hidden_layers"] = config.num_hidden_layers;
  object["num_attention_heads"] = config.num_attention_heads;
  object["max_position_embeddings"] = config.max_position_embeddings;
  object["type_vocab_size"] = config.type_vocab_size;
}

void add_blocks(const EncoderConfig& config, OutJson& object) {
  object["hidden_activation"] = std::string(to_string(config.hidden_activation));
  object["absolute_positions"] = config.absolute_positions;
  object["embedding_norm"] = config.embedding_norm;
  object["skip_first_prenorm"] = config.skip_first_prenorm;
  object["final_norm"] = config.final_norm;
  object["norm_kind"] = std::string(to_string(config.norm_kind));
  object["norm_weight"] = config.norm_weight;
  object["norm_eps"] = static_cast<float>(config.norm_eps);
  object["norm_bias"] = config.norm_bias;
  object["attn_qkv_bias"] = config.attn_qkv_bias;
  object["attn_out_bias"] = config.attn_out_bias;
  object["mlp_in_bias"] = config.mlp_in_bias;
  object["mlp_out_bias"] = config.mlp_out_bias;
}

void add_heads(const EncoderConfig& config, OutJson& object) {
  object["mlm_head"] = head_to_json(config.mlm_head);
  object["decoder_bias"] = config.decoder_bias;
  object["tie_word_embeddings"] = config.tie_word_embeddings;
  object["sequence_head"] = head_to_json(config.sequence_head);
  object["token_head"] = head_to_json(config.token_head);
  object["classifier_pooling"] = std::string(to_string(config.classifier_pooling));
  object["num_labels"] = config.num_labels;
  object["id2label"] = config.id2label;
  object["problem_type"] = name_of(config.problem_type);
}

}  // namespace

OutJson config_to_json(const EncoderConfig& config) {
  OutJson object;
  object["model_type"] = config.model_type;
  object["architectures"] = config.architectures;
  add_sizes(config, object);
  add_blocks(config, object);
  add_layers(config, object);
  add_heads(config, object);
  return object;
}

}  // namespace modernbert::cli
