#include "model/config_flexbert.h"

#include <array>

#include "core/fail.h"
#include "core/names.h"
#include "model/config_common.h"

namespace modernbert {
namespace {

// What one of the names attention_layer, bert_layer and mlp_layer say together of a layer.
struct LayerTypes {
  bool rope = false;
  bool parallel_attention = false;
  BlockKind block = BlockKind::kPreNorm;
  MlpKind mlp = MlpKind::kMlp;
  bool parallel_mlp = false;
};

template <class Enum, size_t N>
Enum read_choice(const JsonObject& json, const std::string& field, const std::string& default_value,
                 const std::array<NamedValue<Enum>, N>& choices) {
  return parse_name<Enum>(json.string(field, default_value), choices, json.source() + ": " + field);
}

// The framework puts "unpadded_" or "padded_" in front.
std::string without_padding(std::string name) {
  for (const std::string_view prefix : {"unpadded_", "padded_"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

// prefix: "" or "initial_"; names that are absent are those of `other`.
LayerTypes read_types(const JsonObject& json, const std::string& prefix, const LayerTypes& other) {
  LayerTypes types = other;
  const auto name = [&](const char* field) {
    return json.has(prefix + field) ? without_padding(json.string(prefix + field, "")) : std::string();
  };
  const auto refuse = [&](const char* field, const char* want) { json.reject(prefix + field, want); };
  if (const std::string attention = name("attention_layer"); !attention.empty()) {
    const bool known =
        attention == "base" || attention == "rope" || attention == "parallel" || attention == "rope_parallel";
    if (!known) refuse("attention_layer", "base, rope, parallel or rope_parallel");
    types.rope = attention.starts_with("rope");
    types.parallel_attention = attention.ends_with("parallel");
  }
  if (std::string block = name("bert_layer"); !block.empty()) {
    if (block.starts_with("compile_")) block = block.substr(8);
    static constexpr std::array kBlocks = {
        NamedValue<BlockKind>{"prenorm", BlockKind::kPreNorm},
        NamedValue<BlockKind>{"postnorm", BlockKind::kPostNorm},
        NamedValue<BlockKind>{"parallel_prenorm", BlockKind::kParallel},
    };
    types.block = parse_name<BlockKind>(block, kBlocks, json.source() + ": " + prefix + "bert_layer");
  }
  if (const std::string mlp = name("mlp_layer"); !mlp.empty()) {
    if (mlp != "mlp" && mlp != "glu" && mlp != "parallel_glu")
      refuse("mlp_layer", "mlp, glu or parallel_glu");
    types.mlp = mlp == "mlp" ? MlpKind::kMlp : MlpKind::kGlu;
    types.parallel_mlp = mlp == "parallel_glu";
  }
  return types;
}

// A parallel layer has one input matrix for both of its halves; nothing else can use halves made for that.
void check_types(const JsonObject& json, const std::string& prefix, const LayerTypes& types) {
  const bool parallel = types.block == BlockKind::kParallel;
  if (parallel == types.parallel_attention && parallel == types.parallel_mlp) return;
  fail(
      ErrorCode::kInvalidFile,
      "{}: {}bert_layer is {}, but attention is {} and the MLP is {}: a parallel_prenorm layer has one "
      "matrix "
      "for attention and MLP and needs attention_layer parallel or rope_parallel and mlp_layer parallel_glu, "
      "and only it can have them",
      json.source(), prefix, parallel ? "parallel_prenorm" : "no parallel_prenorm",
      types.parallel_attention ? "parallel" : "not parallel",
      types.parallel_mlp ? "parallel" : "not parallel");
}

void read_norm(const JsonObject& json, EncoderConfig& config) {
  static constexpr std::array kNorms = {NamedValue<NormKind>{"layernorm", NormKind::kLayerNorm},
                                        NamedValue<NormKind>{"rmsnorm", NormKind::kRmsNorm},
                                        NamedValue<NormKind>{"triton_layernorm", NormKind::kLayerNorm},
                                        NamedValue<NormKind>{"triton_rmsnorm", NormKind::kRmsNorm}};
  config.norm_kind = read_choice(json, "normalization", "rmsnorm", kNorms);
  const bool layer_norm = config.norm_kind == NormKind::kLayerNorm;
  config.norm_eps = 1e-5;
  config.norm_bias = layer_norm;
  const auto kwargs = json.object("norm_kwargs");
  if (!kwargs) return;
  config.norm_eps = read_norm_eps(*kwargs, "eps", 1e-5);
  // As the framework: what a norm's constructor does not know is left out.
  if (!layer_norm) return;
  config.norm_weight = kwargs->boolean("elementwise_affine", true);
  config.norm_bias = config.norm_weight && kwargs->boolean("bias", true);
}

struct Rotary {
  int32_t dim;
  double base;
};

int32_t read_rotary_dim(const JsonObject& json, const std::string& field, int32_t default_value,
                        int32_t head_dim) {
  if (!json.has(field)) return default_value;
  const auto dim = static_cast<int32_t>(json.integer(field, default_value, 1, head_dim));
  if (dim % 2 != 0) json.reject(field, "an even number: rotations turn pairs");
  return dim;
}

double read_base(const JsonObject& json, const std::string& field, double default_value) {
  const double base = json.number(field, default_value);
  if (!(base > 0) || base > 1e15) json.reject(field, "a positive number");
  return base;
}

// FlexBERT's XPos scales by theta^(i-j), which decays for earlier keys and grows without bound for later
// ones.
void reject_xpos(const JsonObject& json) {
  if (json.has("rotary_emb_scale_base"))
    json.reject("rotary_emb_scale_base",
                "null: XPos' scale falls with i-j, which suits models that look back only, not an encoder");
}

// Global layers: every n-th, or none where only a window is given, or all.
int64_t read_global_every(const JsonObject& json, int32_t layers, int64_t window) {
  const int64_t every = json.integer("global_attn_every_n_layers", -1, -1, kMaxWindow);
  if (every <= 0) return window > 0 ? 0 : 1;
  if (window <= 0)
    json.reject("global_attn_every_n_layers", "sliding_window beside it: without one all layers are global");
  if ((layers - 1) % every != 0)
    json.reject(
        "global_attn_every_n_layers",
        fmt::format("a divisor of num_hidden_layers - 1 = {}: the last layer is to be global", layers - 1));
  return every;
}

void read_flexbert_layers(const JsonObject& json, EncoderConfig& config) {
  const LayerTypes types = read_types(json, "", {});
  check_types(json, "", types);
  const LayerTypes initial = read_types(json, "initial_", types);
  check_types(json, "initial_", initial);
  const bool differs =
      json.has("initial_attention_layer") || json.has("initial_bert_layer") || json.has("initial_mlp_layer");
  const int64_t initial_layers =
      json.integer("num_initial_layers", 1, 0, config.num_hidden_layers) * (differs ? 1 : 0);
  const int64_t window = json.integer("sliding_window", -1, -1, kMaxWindow);
  if (window == 0 || window % 2 == 1) json.reject("sliding_window", "-1 (none) or an even number");
  const int64_t every = read_global_every(json, config.num_hidden_layers, window);
  reject_xpos(json);
  config.rope_interleaved = json.boolean("rotary_emb_interleaved", false);
  const int32_t dim = read_rotary_dim(json, "rotary_emb_dim", config.head_dim(), config.head_dim());
  const Rotary global{dim, read_base(json, "rotary_emb_base", 10000)};
  Rotary local = global;
  local.dim = read_rotary_dim(json, "local_attn_rotary_emb_dim", dim, config.head_dim());
  if (json.number("local_attn_rotary_emb_base", -1) != -1)
    local.base = read_base(json, "local_attn_rotary_emb_base", -1);
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const LayerTypes& kind = i < initial_layers ? initial : types;
    const bool is_global = every > 0 && i % every == 0;
    const Rotary& rotary = is_global ? global : local;
    if (kind.rope && config.head_dim() % 2 != 0)
      json.reject("num_attention_heads", "an even head size (hidden_size / num_attention_heads)");
    config.layers.push_back({is_global ? -1 : static_cast<int32_t>(window / 2), rotary.base,
                             kind.rope ? rotary.dim : 0, kind.block, kind.mlp});
  }
}

Activation read_flexbert_activation(const JsonObject& json, const std::string& field,
                                    Activation default_value) {
  const std::string name = json.string(field, "");
  if (json.has(field) && name.empty()) return Activation::kIdentity;
  const auto refuse = [&](const char* reason) {
    fail(ErrorCode::kUnsupported, "{}: {} is {}: {}", json.source(), field, name, reason);
  };
  if (name == "threshold") refuse("it needs a threshold and a value, for which there are no fields");
  if (name == "softmin")
    refuse("it mixes the numbers of a row, or of a batch, and is no element-wise function");
  return read_activation(json, field, default_value);
}

PredictionHeadConfig read_head(const JsonObject& json, const std::string& name, bool norm_by_default,
                               const EncoderConfig& config) {
  PredictionHeadConfig head;
  head.dense_bias = json.boolean("head_" + name + "_bias", false);
  head.activation = read_flexbert_activation(json, "head_" + name + "_act", Activation::kSilu);
  head.norm = json.boolean("head_" + name + "_norm", norm_by_default);
  head.norm_bias = config.norm_bias;
  return head;
}

void read_biases(const JsonObject& json, EncoderConfig& config) {
  config.attn_qkv_bias = json.boolean("attn_qkv_bias", false);
  config.attn_out_bias = json.boolean("attn_out_bias", false);
  config.mlp_in_bias = json.boolean("mlp_in_bias", false);
  config.mlp_out_bias = json.boolean("mlp_out_bias", false);
  config.decoder_bias = json.boolean("decoder_bias", true);
}

}  // namespace

EncoderConfig read_flexbert_config(const JsonObject& json) {
  EncoderConfig config;
  config.model_type = "flex_bert";
  // The framework starts from bert-base-uncased.
  config.vocab_size = 30522;
  config.intermediate_size = 3072;
  config.num_hidden_layers = 12;
  config.max_position_embeddings = 512;
  read_sizes(json, config);
  read_labels(json, config);
  read_norm(json, config);
  read_biases(json, config);
  static constexpr std::array kEmbeddings = {NamedValue<bool>{"absolute_pos", true},
                                             NamedValue<bool>{"sans_pos", false}};
  config.absolute_positions = read_choice(json, "embedding_layer", "absolute_pos", kEmbeddings);
  config.embedding_norm = json.boolean("embed_norm", true);
  config.final_norm = json.boolean("final_norm", false);
  config.skip_first_prenorm = config.embedding_norm && json.boolean("skip_first_prenorm", false);
  config.hidden_activation = read_flexbert_activation(json, "hidden_act", Activation::kGelu);
  read_flexbert_layers(json, config);
  config.tie_word_embeddings = json.boolean("tie_word_embeddings", true);
  config.mlm_head = read_head(json, "pred", true, config);
  config.sequence_head = config.token_head = read_head(json, "class", false, config);
  static constexpr std::array kPoolings = {NamedValue<ClassifierPooling>{"cls", ClassifierPooling::kCls},
                                           NamedValue<ClassifierPooling>{"mean", ClassifierPooling::kMean},
                                           NamedValue<ClassifierPooling>{"max", ClassifierPooling::kMax}};
  config.classifier_pooling = read_choice(json, "pooling_type", "cls", kPoolings);
  config.pad_token_id = static_cast<int32_t>(json.integer("pad_token_id", 0, -1, INT32_MAX));
  config.bos_token_id = config.eos_token_id = config.cls_token_id = config.sep_token_id = -1;
  return config;
}

}  // namespace modernbert
