// ModernBertConfig in both layouts: transformers 4 (global_rope_theta, local_rope_theta,
// global_attn_every_n_layers) and 5 (layer_types, rope_parameters, sliding_window). Where both are present
// the newer key wins, as in transformers.
#include "core/fail.h"
#include "model/config_common.h"

namespace modernbert {
namespace {

constexpr double kDefaultGlobalTheta = 160000, kDefaultLocalTheta = 10000;

// Whether each layer is global.
std::vector<bool> read_layer_kinds(const JsonObject& json, int32_t layers) {
  std::vector<bool> global;
  const Json* types = json.find("layer_types");
  if (types == nullptr) {
    const int64_t every = json.integer("global_attn_every_n_layers", 3, 1, kMaxWindow);
    for (int32_t i = 0; i < layers; ++i) global.push_back(i % every == 0);
    return global;
  }
  if (!types->is_array() || static_cast<int64_t>(types->size()) != layers) {
    json.reject("layer_types", fmt::format("a list of num_hidden_layers = {} kinds", layers));
  }
  for (const Json& type : *types) {
    if (type != "full_attention" && type != "sliding_attention") {
      fail(ErrorCode::kUnsupported, "{}: layer_types has {}, want full_attention or sliding_attention",
           json.source(), brief(type));
    }
    global.push_back(type == "full_attention");
  }
  return global;
}

// Keys visible on each side of a query in sliding layers.
int32_t read_window(const JsonObject& json) {
  if (json.has("sliding_window"))
    return static_cast<int32_t>(json.integer("sliding_window", 0, 0, kMaxWindow));
  return static_cast<int32_t>(json.integer("local_attention", 128, 0, kMaxWindow) / 2);
}

void check_rope_type(const JsonObject& rope) {
  const std::string type = rope.string("rope_type", rope.string("type", "default"));
  if (type != "default") {
    fail(ErrorCode::kUnsupported, "{}: rope_type is \"{}\", want default", rope.source(), type);
  }
}

double checked_theta(const JsonObject& json, const std::string& name, double default_value) {
  const double theta = json.number(name, default_value);
  if (!(theta > 0) || theta > 1e15) json.reject(name, "a positive number");
  return theta;
}

// kind: "full_attention" or "sliding_attention".
double read_theta(const JsonObject& json, const std::string& kind, double legacy) {
  const auto parameters = json.object("rope_parameters");
  if (!parameters) return legacy;
  if (parameters->has(kind)) {
    const JsonObject entry = *parameters->object(kind);
    check_rope_type(entry);
    return checked_theta(entry, "rope_theta", legacy);
  }
  // A flat dictionary serves both kinds.
  check_rope_type(*parameters);
  return checked_theta(*parameters, "rope_theta", legacy);
}

void read_layers(const JsonObject& json, EncoderConfig& config) {
  if (const auto scaling = json.object("rope_scaling")) check_rope_type(*scaling);
  const double legacy_global = checked_theta(json, "global_rope_theta", kDefaultGlobalTheta);
  // An explicit null means the global value; an absent key means the default.
  const bool local_is_null = json.json().contains("local_rope_theta") && !json.has("local_rope_theta");
  const double legacy_local =
      local_is_null ? legacy_global : checked_theta(json, "local_rope_theta", kDefaultLocalTheta);
  const double global_theta = read_theta(json, "full_attention", legacy_global);
  const double local_theta = read_theta(json, "sliding_attention", legacy_local);
  const int32_t window = read_window(json);
  for (const bool global : read_layer_kinds(json, config.num_hidden_layers)) {
    LayerConfig layer;
    layer.window = global ? -1 : window;
    layer.rope_theta = global ? global_theta : local_theta;
    config.layers.push_back(layer);
  }
}

ClassifierPooling read_pooling(const JsonObject& json) {
  const std::string pooling = json.string("classifier_pooling", "cls");
  if (pooling == "cls") return ClassifierPooling::kCls;
  if (pooling == "mean") return ClassifierPooling::kMean;
  fail(ErrorCode::kUnsupported, "{}: classifier_pooling is \"{}\", want cls or mean", json.source(), pooling);
}

int32_t read_token_id(const JsonObject& json, const std::string& name, int32_t default_value) {
  return static_cast<int32_t>(json.integer(name, default_value, -1, INT32_MAX));
}

void read_token_ids(const JsonObject& json, EncoderConfig& config) {
  config.pad_token_id = read_token_id(json, "pad_token_id", config.pad_token_id);
  config.bos_token_id = read_token_id(json, "bos_token_id", config.bos_token_id);
  config.eos_token_id = read_token_id(json, "eos_token_id", config.eos_token_id);
  config.cls_token_id = read_token_id(json, "cls_token_id", config.cls_token_id);
  config.sep_token_id = read_token_id(json, "sep_token_id", config.sep_token_id);
}

}  // namespace

EncoderConfig read_modernbert_config(const JsonObject& json) {
  EncoderConfig config;
  read_sizes(json, config);
  if (config.head_dim() % 2 != 0)
    json.reject("num_attention_heads", "an even head size (hidden_size / num_attention_heads)");
  read_labels(json, config);
  read_layers(json, config);
  read_token_ids(json, config);
  config.hidden_activation = read_activation(json, "hidden_activation", Activation::kGelu);
  config.norm_eps = read_norm_eps(json, "norm_eps", 1e-5);
  config.norm_bias = json.boolean("norm_bias", false);
  config.attn_qkv_bias = config.attn_out_bias = json.boolean("attention_bias", false);
  config.mlp_in_bias = config.mlp_out_bias = json.boolean("mlp_bias", false);
  config.decoder_bias = json.boolean("decoder_bias", true);
  config.tie_word_embeddings = json.boolean("tie_word_embeddings", true);
  config.classifier_pooling = read_pooling(json);
  PredictionHeadConfig head;
  head.dense_bias = json.boolean("classifier_bias", false);
  head.activation = read_activation(json, "classifier_activation", Activation::kGelu);
  head.norm_bias = config.norm_bias;
  config.mlm_head = config.sequence_head = config.token_head = head;
  return config;
}

}  // namespace modernbert
