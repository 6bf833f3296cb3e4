#include <algorithm>
#include <string>

#include "core/fail.h"
#include "model/config_common.h"
#include "model/config_flexbert.h"

namespace modernbert {
namespace {

struct Names {
  std::string attention, block, mlp;
  bool operator==(const Names&) const = default;
};

Names names_of(const LayerConfig& layer) {
  const bool parallel = layer.block == BlockKind::kParallel, rope = layer.rope_dim != 0;
  Names names;
  names.attention = parallel ? (rope ? "rope_parallel" : "parallel") : (rope ? "rope" : "base");
  names.block = parallel ? "parallel_prenorm" : layer.block == BlockKind::kPostNorm ? "postnorm" : "prenorm";
  names.mlp = parallel ? "parallel_glu" : layer.mlp == MlpKind::kGlu ? "glu" : "mlp";
  return names;
}

[[noreturn]] void refuse(const char* what) {
  fail(ErrorCode::kUnsupported, "FlexBERT's model_config cannot say that layers differ in {}", what);
}

// The first layers may be of another kind than all others.
void add_types(const EncoderConfig& config, OrderedJson& json) {
  const Names last = names_of(config.layers.back()), first = names_of(config.layers.front());
  size_t initial = 0;
  while (initial < config.layers.size() && !(names_of(config.layers[initial]) == last)) ++initial;
  for (size_t i = 0; i < config.layers.size(); ++i) {
    if (!(names_of(config.layers[i]) == (i < initial ? first : last)))
      refuse("kind more than once, first layers and all others");
  }
  json["attention_layer"] = last.attention;
  json["bert_layer"] = last.block;
  json["mlp_layer"] = last.mlp;
  if (initial == 0) return;
  json["initial_attention_layer"] = first.attention;
  json["initial_bert_layer"] = first.block;
  json["initial_mlp_layer"] = first.mlp;
  json["num_initial_layers"] = initial;
}

// What all layers of a kind (global or local) share; null where there is none.
const LayerConfig* shared_by(const EncoderConfig& config, bool global) {
  const LayerConfig* shared = nullptr;
  for (const LayerConfig& layer : config.layers) {
    if ((layer.window < 0) != global) continue;
    if (shared == nullptr) shared = &layer;
    if (layer.window != shared->window || layer.rope_theta != shared->rope_theta)
      refuse("window or rotary base among global or among local ones");
    if (layer.rope_dim != 0 && shared->rope_dim != 0 && layer.rope_dim != shared->rope_dim)
      refuse("rotary size among global or among local ones");
    if (shared->rope_dim == 0) shared = &layer;
  }
  return shared;
}

void add_attention(const EncoderConfig& config, OrderedJson& json) {
  const LayerConfig *global = shared_by(config, true), *local = shared_by(config, false);
  const LayerConfig& main = global != nullptr ? *global : *local;
  json["rotary_emb_base"] = main.rope_theta;
  if (main.rope_dim > 0) json["rotary_emb_dim"] = main.rope_dim;
  json["rotary_emb_interleaved"] = config.rope_interleaved;
  if (local == nullptr) return;
  json["sliding_window"] = 2 * local->window;
  json["local_attn_rotary_emb_base"] = local->rope_theta;
  if (local->rope_dim > 0) json["local_attn_rotary_emb_dim"] = local->rope_dim;
  if (global == nullptr) return;
  const auto every = global_every(config);
  if (!every) refuse("kind of attention otherwise than every n-th being global");
  json["global_attn_every_n_layers"] = *every;
}

void add_head(const PredictionHeadConfig& head, const std::string& name, OrderedJson& json) {
  json["head_" + name + "_bias"] = head.dense_bias;
  json["head_" + name + "_act"] = head.activation == Activation::kIdentity ? "" : to_string(head.activation);
  json["head_" + name + "_norm"] = head.norm;
}

}  // namespace

OrderedJson flexbert_json(const EncoderConfig& config) {
  OrderedJson json;
  write_sizes(config, json);
  json["hidden_act"] = to_string(config.hidden_activation);
  add_types(config, json);
  add_attention(config, json);
  json["embedding_layer"] = config.absolute_positions ? "absolute_pos" : "sans_pos";
  json["embed_norm"] = config.embedding_norm;
  json["skip_first_prenorm"] = config.skip_first_prenorm;
  json["final_norm"] = config.final_norm;
  json["normalization"] = to_string(config.norm_kind);
  json["norm_kwargs"] = {
      {"eps", config.norm_eps}, {"bias", config.norm_bias}, {"elementwise_affine", config.norm_weight}};
  json["attn_qkv_bias"] = config.attn_qkv_bias;
  json["attn_out_bias"] = config.attn_out_bias;
  json["mlp_in_bias"] = config.mlp_in_bias;
  json["mlp_out_bias"] = config.mlp_out_bias;
  json["decoder_bias"] = config.decoder_bias;
  json["tie_word_embeddings"] = config.tie_word_embeddings;
  add_head(config.mlm_head, "pred", json);
  add_head(config.sequence_head, "class", json);
  json["pooling_type"] = to_string(config.classifier_pooling);
  json["pad_token_id"] = config.pad_token_id;
  return json;
}

}  // namespace modernbert
