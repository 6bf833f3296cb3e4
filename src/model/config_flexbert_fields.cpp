#include <array>

#include "model/config_flexbert.h"

namespace modernbert {
namespace {

constexpr std::array<std::string_view, 46> kEncoderFields = {"vocab_size",
                                                             "hidden_size",
                                                             "intermediate_size",
                                                             "num_hidden_layers",
                                                             "num_attention_heads",
                                                             "max_position_embeddings",
                                                             "hidden_act",
                                                             "pad_token_id",
                                                             "num_labels",
                                                             "tie_word_embeddings",
                                                             "attention_layer",
                                                             "bert_layer",
                                                             "mlp_layer",
                                                             "embedding_layer",
                                                             "normalization",
                                                             "norm_kwargs",
                                                             "attn_qkv_bias",
                                                             "attn_out_bias",
                                                             "mlp_in_bias",
                                                             "mlp_out_bias",
                                                             "decoder_bias",
                                                             "head_pred_bias",
                                                             "head_pred_act",
                                                             "head_pred_norm",
                                                             "head_class_bias",
                                                             "head_class_act",
                                                             "head_class_norm",
                                                             "pooling_type",
                                                             "embed_norm",
                                                             "final_norm",
                                                             "skip_first_prenorm",
                                                             "rotary_emb_dim",
                                                             "rotary_emb_base",
                                                             "rotary_emb_scale_base",
                                                             "rotary_emb_interleaved",
                                                             "local_attn_rotary_emb_base",
                                                             "local_attn_rotary_emb_dim",
                                                             "sliding_window",
                                                             "global_attn_every_n_layers",
                                                             "initial_attention_layer",
                                                             "initial_bert_layer",
                                                             "initial_mlp_layer",
                                                             "num_initial_layers",
                                                             "architectures",
                                                             "model_type",
                                                             "problem_type"};

constexpr std::array<std::string_view, 14> kExecutionFields = {"padding",
                                                               "unpad_embeddings",
                                                               "pad_logits",
                                                               "masked_prediction",
                                                               "use_fa2",
                                                               "deterministic_fa2",
                                                               "use_sdpa_attn_mask",
                                                               "compile_model",
                                                               "allow_embedding_resizing",
                                                               "gradient_checkpointing",
                                                               "sparse_prediction",
                                                               "activation_function",
                                                               "init_fn",
                                                               "hidden_dropout_prob"};

}  // namespace

std::span<const std::string_view> flexbert_encoder_fields() {
  return kEncoderFields;
}

std::span<const std::string_view> flexbert_execution_fields() {
  return kExecutionFields;
}

}  // namespace modernbert
