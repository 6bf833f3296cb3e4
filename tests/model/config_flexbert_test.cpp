#include "model/config_flexbert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "model/config_writer.h"
#include "random_model.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;

EncoderConfig flexbert(Json fields) {
  fields["model_type"] = "flex_bert";
  return parse_config(fields.dump(), "config.json");
}

// The published settings of ModernBERT-base.
Json modernbert_base() {
  return {{"vocab_size", 50368},          {"num_hidden_layers", 22},
          {"intermediate_size", 1152},    {"max_position_embeddings", 8192},
          {"bert_layer", "prenorm"},      {"attention_layer", "rope"},
          {"mlp_layer", "glu"},           {"embedding_layer", "sans_pos"},
          {"normalization", "layernorm"}, {"norm_kwargs", {{"eps", 1e-5}, {"bias", false}}},
          {"embed_norm", true},           {"final_norm", true},
          {"skip_first_prenorm", true},   {"head_pred_act", "gelu"},
          {"head_class_act", "gelu"},     {"head_class_norm", true},
          {"sliding_window", 128},        {"global_attn_every_n_layers", 3},
          {"rotary_emb_base", 160000.0},  {"local_attn_rotary_emb_base", 10000.0}};
}

TEST(FlexBertConfig, DefaultsAreTheFrameworks) {
  const EncoderConfig config = flexbert({});
  EXPECT_EQ(config.num_hidden_layers, 12);
  EXPECT_EQ(config.norm_kind, NormKind::kRmsNorm);
  EXPECT_TRUE(config.absolute_positions && config.embedding_norm && config.decoder_bias);
  EXPECT_FALSE(config.final_norm || config.skip_first_prenorm || config.norm_bias);
  EXPECT_EQ(config.layers[3].block, BlockKind::kPreNorm);
  EXPECT_EQ(config.layers[3].mlp, MlpKind::kMlp);
  EXPECT_EQ(config.layers[3].rope_dim, 0);
  EXPECT_EQ(config.layers[3].window, -1);
  EXPECT_EQ(config.mlm_head.activation, Activation::kSilu);
  EXPECT_TRUE(config.mlm_head.norm);
  EXPECT_FALSE(config.sequence_head.norm);
}

TEST(FlexBertConfig, LayerNormHasABiasUnlessToldOtherwise) {
  EXPECT_TRUE(flexbert({{"normalization", "layernorm"}}).norm_bias);
  EXPECT_FALSE(flexbert({{"normalization", "layernorm"}, {"norm_kwargs", {{"bias", false}}}}).norm_bias);
  // An RMSNorm has no such argument.
  EXPECT_FALSE(flexbert({{"normalization", "rmsnorm"}, {"norm_kwargs", {{"bias", true}}}}).norm_bias);
}

TEST(FlexBertConfig, TheFirstNormIsSkippedOnlyBehindAnEmbeddingNorm) {
  EXPECT_FALSE(flexbert({{"skip_first_prenorm", true}}).has_attn_norm(0));
  EXPECT_TRUE(flexbert({{"skip_first_prenorm", true}, {"embed_norm", false}}).has_attn_norm(0));
}

TEST(FlexBertConfig, InitialLayersMayBeOfAnotherKind) {
  const EncoderConfig config = flexbert({{"bert_layer", "parallel_prenorm"},
                                         {"attention_layer", "unpadded_rope_parallel"},
                                         {"mlp_layer", "parallel_glu"},
                                         {"initial_bert_layer", "prenorm"},
                                         {"initial_attention_layer", "rope"},
                                         {"initial_mlp_layer", "mlp"},
                                         {"num_initial_layers", 2}});
  EXPECT_EQ(config.layers[1].block, BlockKind::kPreNorm);
  EXPECT_EQ(config.layers[1].mlp, MlpKind::kMlp);
  EXPECT_EQ(config.layers[2].block, BlockKind::kParallel);
  EXPECT_EQ(config.layers[2].mlp, MlpKind::kGlu);
}

TEST(FlexBertConfig, WithoutAPatternAWindowHoldsForAllLayers) {
  for (const LayerConfig& layer : flexbert({{"sliding_window", 12}}).layers) EXPECT_EQ(layer.window, 6);
}

TEST(FlexBertConfig, WhatModernBertCanSayBecomesOne) {
  EXPECT_EQ(in_widest_family(flexbert(modernbert_base())).model_type, "modernbert");
  for (const Json& change : {Json{{"normalization", "rmsnorm"}}, Json{{"mlp_layer", "mlp"}},
                             Json{{"embedding_layer", "absolute_pos"}}, Json{{"attn_out_bias", true}},
                             Json{{"rotary_emb_dim", 32}}, Json{{"skip_first_prenorm", false}}}) {
    Json fields = modernbert_base();
    fields.update(change);
    EXPECT_EQ(in_widest_family(flexbert(fields)).model_type, "flex_bert") << change;
  }
}

TEST(FlexBertConfig, WritesWhatItReads) {
  for (const auto& [kind, fields] : flexbert_kinds()) {
    const EncoderConfig config = tiny_config(kind);
    const std::string text = config_json(config, "ForMaskedLM").dump();
    const EncoderConfig again = parse_config(text, "written");
    EXPECT_EQ(config_json(again, "ForMaskedLM").dump(), text) << kind;
    for (size_t i = 0; i < config.layers.size(); ++i) {
      EXPECT_EQ(again.layers[i].block, config.layers[i].block) << kind;
      EXPECT_EQ(again.layers[i].mlp, config.layers[i].mlp) << kind;
      EXPECT_EQ(again.layers[i].window, config.layers[i].window) << kind;
      EXPECT_EQ(again.layers[i].rope_dim, config.layers[i].rope_dim) << kind;
    }
  }
}

TEST(FlexBertConfig, RefusesWhatMakesNoSense) {
  const std::pair<Json, const char*> cases[] = {
      {{{"bert_layer", "parallel_prenorm"}}, "needs attention_layer parallel or rope_parallel"},
      {{{"mlp_layer", "parallel_glu"}}, "only it can have them"},
      {{{"bert_layer", "sandwich"}}, "bert_layer is \"sandwich\", want one of prenorm"},
      {{{"attention_layer", "linear"}}, "attention_layer is \"linear\", want base, rope"},
      {{{"sliding_window", 7}}, "sliding_window is 7, want -1 (none) or an even number"},
      {{{"global_attn_every_n_layers", 3}}, "without one all layers are global"},
      {{{"sliding_window", 8}, {"global_attn_every_n_layers", 5}}, "a divisor of num_hidden_layers - 1 = 11"},
      {{{"rotary_emb_dim", 7}}, "rotary_emb_dim is 7, want an even number"},
      {{{"rotary_emb_dim", 66}}, "rotary_emb_dim is 66"},
      {{{"rotary_emb_scale_base", 512}}, "suits models that look back only"},
      {{{"hidden_act", "softmin"}}, "no element-wise function"},
      {{{"hidden_act", "threshold"}}, "needs a threshold"},
      {{{"pooling_type", "sum"}}, "pooling_type is \"sum\", want one of cls, mean, max"}};
  for (const auto& [fields, message] : cases)
    EXPECT_THAT(thrown_by([&, &f = fields] { flexbert(f); }).message, HasSubstr(message));
}

}  // namespace
}  // namespace modernbert::testing
