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

// One entry per layer: the window on each side (null = all) and the rotary base.
void add_layers(const EncoderConfig& config, OutJson& object) {
  OutJson windows = OutJson::array(), thetas = OutJson::array();
  for (const LayerConfig& layer : config.layers) {
    windows.push_back(layer.window < 0 ? OutJson() : OutJson(layer.window));
    thetas.push_back(static_cast<float>(layer.rope_theta));
  }
  object["layer_windows"] = std::move(windows);
  if (config.position_kind == PositionKind::kRope) object["layer_rope_thetas"] = std::move(thetas);
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
  object["norm_placement"] = config.norm_placement == NormPlacement::kPre ? "pre" : "post";
  object["mlp_kind"] = config.mlp_kind == MlpKind::kGlu ? "glu" : "mlp";
  object["position_kind"] = config.position_kind == PositionKind::kRope ? "rope" : "absolute";
  object["skip_first_prenorm"] = config.skip_first_prenorm;
  object["final_norm"] = config.final_norm;
  object["norm_eps"] = static_cast<float>(config.norm_eps);
  object["norm_bias"] = config.norm_bias;
  object["attention_bias"] = config.attention_bias;
  object["mlp_bias"] = config.mlp_bias;
}

void add_heads(const EncoderConfig& config, OutJson& object) {
  object["mlm_head"] = head_to_json(config.mlm_head);
  object["decoder_bias"] = config.decoder_bias;
  object["tie_word_embeddings"] = config.tie_word_embeddings;
  object["sequence_head"] = head_to_json(config.sequence_head);
  object["token_head"] = head_to_json(config.token_head);
  object["classifier_pooling"] = config.classifier_pooling == ClassifierPooling::kCls ? "cls" : "mean";
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
