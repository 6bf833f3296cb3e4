// BertConfig: the same encoder at another point of its space: post-norm, absolute positions, token types,
// plain MLP, biases everywhere, a tanh pooler in front of sequence heads.
#include "core/fail.h"
#include "model/config_common.h"

namespace modernbert {
namespace {

void check_supported(const JsonObject& json) {
  const std::string positions = json.string("position_embedding_type", "absolute");
  if (positions != "absolute") {
    fail(ErrorCode::kUnsupported, "{}: position_embedding_type is \"{}\", want absolute", json.source(),
         positions);
  }
  if (json.boolean("is_decoder", false)) json.reject("is_decoder", "false (encoders only)");
}

}  // namespace

EncoderConfig read_bert_config(const JsonObject& json) {
  check_supported(json);
  EncoderConfig config;
  config.model_type = "bert";
  config.vocab_size = 30522;
  config.intermediate_size = 3072;
  config.num_hidden_layers = 12;
  config.max_position_embeddings = 512;
  read_sizes(json, config);
  read_labels(json, config);
  config.type_vocab_size = static_cast<int32_t>(json.integer("type_vocab_size", 2, 1, 1 << 20));
  config.hidden_activation = read_activation(json, "hidden_act", Activation::kGelu);
  config.absolute_positions = true;
  config.skip_first_prenorm = false;
  config.final_norm = false;
  config.norm_eps = read_norm_eps(json, "layer_norm_eps", 1e-12);
  config.norm_bias = config.attn_qkv_bias = config.attn_out_bias = true;
  config.mlp_in_bias = config.mlp_out_bias = config.decoder_bias = true;
  config.tie_word_embeddings = json.boolean("tie_word_embeddings", true);
  LayerConfig layer;
  layer.rope_dim = 0;
  layer.block = BlockKind::kPostNorm;
  layer.mlp = MlpKind::kMlp;
  config.layers.assign(static_cast<size_t>(config.num_hidden_layers), layer);
  config.mlm_head = {.dense = true,
                     .dense_bias = true,
                     .activation = config.hidden_activation,
                     .norm = true,
                     .norm_bias = true};
  config.sequence_head = {
      .dense = true, .dense_bias = true, .activation = Activation::kTanh, .norm = false, .norm_bias = false};
  config.token_head = {.dense = false,
                       .dense_bias = false,
                       .activation = Activation::kIdentity,
                       .norm = false,
                       .norm_bias = false};
  config.pad_token_id = static_cast<int32_t>(json.integer("pad_token_id", 0, -1, INT32_MAX));
  config.bos_token_id = config.eos_token_id = config.cls_token_id = config.sep_token_id = -1;
  return config;
}

}  // namespace modernbert
