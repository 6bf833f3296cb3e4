#include "model/config_writer.h"

#include <algorithm>
#include <optional>

#include "core/fail.h"
#include "model/config_common.h"
#include "model/config_flexbert.h"
#include "modernbert/activation.h"

namespace modernbert {
namespace {

// What layers of one kind share.
struct LayerKind {
  std::optional<LayerConfig> layer;

  void add(const LayerConfig& other) {
    if (!layer) layer = other;
    if (layer->window == other.window && layer->rope_theta == other.rope_theta) return;
    fail(ErrorCode::kUnsupported,
         "config.json cannot say that {} layers differ in window ({} and {}) or rope_theta ({} and {})",
         other.window < 0 ? "global" : "local", layer->window, other.window, layer->rope_theta,
         other.rope_theta);
  }
  double theta_or(double other) const { return layer ? layer->rope_theta : other; }
};

void add_layers(const EncoderConfig& config, OrderedJson& json) {
  LayerKind global, local;
  OrderedJson types = OrderedJson::array();
  for (const LayerConfig& layer : config.layers) {
    (layer.window < 0 ? global : local).add(layer);
    types.push_back(layer.window < 0 ? "full_attention" : "sliding_attention");
  }
  const double global_theta = global.theta_or(local.theta_or(0)), local_theta = local.theta_or(global_theta);
  json["layer_types"] = types;
  json["local_attention"] = 2 * (local.layer ? local.layer->window : 64);
  json["rope_parameters"] = {{"full_attention", {{"rope_theta", global_theta}, {"rope_type", "default"}}},
                             {"sliding_attention", {{"rope_theta", local_theta}, {"rope_type", "default"}}}};
  json["global_rope_theta"] = global_theta;
  json["local_rope_theta"] = local_theta;
  if (const auto every = global_every(config)) json["global_attn_every_n_layers"] = *every;
}

void add_blocks(const EncoderConfig& config, OrderedJson& json) {
  json["hidden_activation"] = to_string(config.hidden_activation);
  json["norm_eps"] = config.norm_eps;
  json["norm_bias"] = config.norm_bias;
  json["attention_bias"] = config.attn_qkv_bias;
  json["mlp_bias"] = config.mlp_in_bias;
  json["decoder_bias"] = config.decoder_bias;
  json["tie_word_embeddings"] = config.tie_word_embeddings;
  json["classifier_pooling"] = to_string(config.classifier_pooling);
  json["classifier_bias"] = config.mlm_head.dense_bias;
  json["classifier_activation"] = to_string(config.mlm_head.activation);
}

void add_token_ids(const EncoderConfig& config, OrderedJson& json) {
  json["pad_token_id"] = config.pad_token_id;
  json["bos_token_id"] = config.bos_token_id;
  json["eos_token_id"] = config.eos_token_id;
  json["cls_token_id"] = config.cls_token_id;
  json["sep_token_id"] = config.sep_token_id;
}

OrderedJson modernbert_json(const EncoderConfig& config) {
  OrderedJson json;
  write_sizes(config, json);
  add_blocks(config, json);
  add_layers(config, json);
  add_token_ids(config, json);
  return json;
}

OrderedJson bert_json(const EncoderConfig& config) {
  OrderedJson json;
  write_sizes(config, json);
  json["hidden_act"] = to_string(config.hidden_activation);
  json["layer_norm_eps"] = config.norm_eps;
  json["type_vocab_size"] = config.type_vocab_size;
  json["tie_word_embeddings"] = config.tie_word_embeddings;
  json["position_embedding_type"] = "absolute";
  json["pad_token_id"] = config.pad_token_id;
  return json;
}

struct Family {
  const char* model_type;
  const char* architectures;  // in front of "ForMaskedLM"
  OrderedJson (*fields)(const EncoderConfig&);
};
constexpr Family kFamilies[] = {{"modernbert", "ModernBert", modernbert_json},
                                {"bert", "Bert", bert_json},
                                {"flex_bert", "FlexBert", flexbert_json}};

bool is_modernbert_layer(const EncoderConfig& config, const LayerConfig& layer) {
  return layer.block == BlockKind::kPreNorm && layer.mlp == MlpKind::kGlu &&
         config.rope_dim(layer) == config.head_dim();
}

bool same(const PredictionHeadConfig& a, const PredictionHeadConfig& b) {
  return a.dense == b.dense && a.dense_bias == b.dense_bias && a.activation == b.activation &&
         a.norm == b.norm && a.norm_bias == b.norm_bias;
}

// Every field that ModernBERT's config.json has no key for must be as that family has it.
bool is_modernbert(const EncoderConfig& config) {
  const auto fits = [&](const LayerConfig& layer) { return is_modernbert_layer(config, layer); };
  const bool blocks = std::ranges::all_of(config.layers, fits) && !config.rope_interleaved;
  const bool inputs = !config.absolute_positions && config.type_vocab_size == 0 && config.embedding_norm;
  const bool norms = config.skip_first_prenorm && config.final_norm && config.norm_weight &&
                     config.norm_kind == NormKind::kLayerNorm;
  const bool biases =
      config.attn_qkv_bias == config.attn_out_bias && config.mlp_in_bias == config.mlp_out_bias;
  const bool heads =
      config.mlm_head.dense && config.mlm_head.norm && same(config.mlm_head, config.sequence_head) &&
      same(config.mlm_head, config.token_head) && config.classifier_pooling != ClassifierPooling::kMax;
  return blocks && inputs && norms && biases && heads;
}

}  // namespace

std::optional<int64_t> global_every(const EncoderConfig& config) {
  const auto count = static_cast<int64_t>(config.layers.size());
  const auto is_global = [&](int64_t i) { return config.layers[static_cast<size_t>(i)].window < 0; };
  int64_t every = 1;
  while (every < count && !is_global(every)) ++every;
  for (int64_t i = 0; i < count; ++i) {
    if (is_global(i) != (i % every == 0)) return std::nullopt;
  }
  return every;
}

void write_sizes(const EncoderConfig& config, OrderedJson& json) {
  json["vocab_size"] = config.vocab_size;
  json["hidden_size"] = config.hidden_size;
  json["intermediate_size"] = config.intermediate_size;
  json["num_hidden_layers"] = config.num_hidden_layers;
  json["num_attention_heads"] = config.num_attention_heads;
  json["max_position_embeddings"] = config.max_position_embeddings;
}

EncoderConfig in_widest_family(EncoderConfig config) {
  if (config.model_type == "flex_bert" && is_modernbert(config)) config.model_type = "modernbert";
  return config;
}

OrderedJson config_json(const EncoderConfig& config, const std::string& architecture,
                        const OrderedJson& extra) {
  const auto family = std::ranges::find_if(
      kFamilies, [&](const Family& each) { return config.model_type == each.model_type; });
  if (family == std::end(kFamilies))
    fail(ErrorCode::kUnsupported, "model_type is {}: no config.json of it is written", config.model_type);
  OrderedJson json;
  json["architectures"] = {family->architectures + architecture};
  json["model_type"] = config.model_type;
  json["dtype"] = "float32";
  const OrderedJson fields = family->fields(config);
  for (const auto& [key, value] : fields.items()) json[key] = value;
  for (const auto& [key, value] : extra.items()) json[key] = value;
  return json;
}

}  // namespace modernbert
