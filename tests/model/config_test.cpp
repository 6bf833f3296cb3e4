// Both layouts of ModernBertConfig, BertConfig, the order in which keys win, and what is refused.
#include "modernbert/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "error_text.h"
#include "shared_files.h"

namespace modernbert {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::thrown_by;

EncoderConfig parse(const Json& json) {
  return parse_config(json.dump(), "config.json");
}

// A model of six layers with these fields on top.
EncoderConfig modernbert_with(const Json& fields) {
  Json json = {{"model_type", "modernbert"}, {"num_hidden_layers", 6}};
  json.update(fields);
  return parse(json);
}

testing::Thrown refusal(const Json& fields) {
  return thrown_by([&] { modernbert_with(fields); });
}

std::vector<int32_t> windows(const EncoderConfig& config) {
  std::vector<int32_t> list;
  for (const LayerConfig& layer : config.layers) list.push_back(layer.window);
  return list;
}

std::pair<double, double> thetas(const Json& fields) {
  const EncoderConfig config = modernbert_with(fields);  // layer 0 is global, layer 1 sliding
  return {config.layers[0].rope_theta, config.layers[1].rope_theta};
}

Json rope(double full, double sliding) {
  return {{"full_attention", {{"rope_type", "default"}, {"rope_theta", full}}},
          {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", sliding}}}};
}

const std::pair<double, double> kDefaultThetas = {160000, 10000};

TEST(ModernBertConfig, DefaultsAreThoseOfTheBaseModel) {
  const EncoderConfig config = parse({{"model_type", "modernbert"}});
  EXPECT_EQ(config.vocab_size, 50368);
  EXPECT_EQ(config.hidden_size, 768);
  EXPECT_EQ(config.intermediate_size, 1152);
  EXPECT_EQ(config.num_attention_heads, 12);
  EXPECT_EQ(config.head_dim(), 64);
  EXPECT_EQ(config.max_position_embeddings, 8192);
  ASSERT_EQ(config.layers.size(), 22u);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    EXPECT_EQ(config.layers[i].window, i % 3 == 0 ? -1 : 64) << i;
    EXPECT_EQ(config.layers[i].rope_theta, i % 3 == 0 ? 160000 : 10000) << i;
  }
  EXPECT_EQ(config.hidden_activation, Activation::kGelu);
  EXPECT_EQ(config.norm_eps, 1e-5);
  EXPECT_FALSE(config.norm_bias || config.attn_qkv_bias || config.attn_out_bias);
  EXPECT_FALSE(config.mlp_in_bias || config.mlp_out_bias);
  EXPECT_TRUE(config.decoder_bias && config.tie_word_embeddings);
  EXPECT_EQ(config.classifier_pooling, ClassifierPooling::kCls);
  EXPECT_EQ(config.pad_token_id, 50283);
  EXPECT_EQ(config.cls_token_id, 50281);
  EXPECT_EQ(config.sep_token_id, 50282);
  EXPECT_EQ(config.layers[0].block, BlockKind::kPreNorm);
  EXPECT_EQ(config.layers[0].mlp, MlpKind::kGlu);
  EXPECT_EQ(config.rope_dim(config.layers[0]), config.head_dim());
  EXPECT_FALSE(config.absolute_positions);
  EXPECT_TRUE(config.skip_first_prenorm && config.final_norm);
}

TEST(ModernBertConfig, HeadsFollowTheClassifierFields) {
  const EncoderConfig config = modernbert_with({{"classifier_bias", true},
                                                {"classifier_activation", "silu"},
                                                {"classifier_pooling", "mean"},
                                                {"norm_bias", true}});
  for (const PredictionHeadConfig& head : {config.mlm_head, config.sequence_head, config.token_head}) {
    EXPECT_TRUE(head.dense && head.dense_bias && head.norm && head.norm_bias);
    EXPECT_EQ(head.activation, Activation::kSilu);
  }
  EXPECT_EQ(config.hidden_activation, Activation::kGelu);
  EXPECT_EQ(config.classifier_pooling, ClassifierPooling::kMean);
}

TEST(ModernBertConfig, LayerKindsComeFromTheListThenTheIntervalThenThree) {
  const Json list = {"sliding_attention", "full_attention",    "sliding_attention",
                     "full_attention",    "sliding_attention", "sliding_attention"};
  EXPECT_THAT(windows(modernbert_with(Json::object())), ElementsAre(-1, 64, 64, -1, 64, 64));
  EXPECT_THAT(windows(modernbert_with({{"global_attn_every_n_layers", 2}})),
              ElementsAre(-1, 64, -1, 64, -1, 64));
  EXPECT_THAT(windows(modernbert_with({{"layer_types", list}, {"global_attn_every_n_layers", 2}})),
              ElementsAre(64, -1, 64, -1, 64, 64));
  EXPECT_THAT(windows(modernbert_with({{"layer_types", nullptr}, {"global_attn_every_n_layers", 1}})),
              ElementsAre(-1, -1, -1, -1, -1, -1));
}

TEST(ModernBertConfig, TheWindowIsSlidingWindowThenHalfOfLocalAttentionThenSixtyFour) {
  const auto window = [](const Json& fields) { return modernbert_with(fields).layers[1].window; };
  EXPECT_EQ(window(Json::object()), 64);
  EXPECT_EQ(window({{"local_attention", 16}}), 8);
  EXPECT_EQ(window({{"local_attention", 7}}), 3);
  EXPECT_EQ(window({{"sliding_window", 12}}), 12);
  EXPECT_EQ(window({{"sliding_window", 12}, {"local_attention", 16}}), 12);
  EXPECT_EQ(window({{"sliding_window", nullptr}, {"local_attention", 16}}), 8);
  EXPECT_EQ(window({{"local_attention", 0}}), 0);  // only the token itself
}

TEST(ModernBertConfig, ThetasComeFromRopeParametersThenTheOldKeysThenTheDefaults) {
  using Thetas = std::pair<double, double>;
  const Json old = {{"global_rope_theta", 5e4}, {"local_rope_theta", 3e4}};
  EXPECT_EQ(thetas(Json::object()), kDefaultThetas);
  EXPECT_EQ(thetas(old), Thetas(5e4, 3e4));
  Json both = old;
  both["rope_parameters"] = rope(7e4, 8e4);
  EXPECT_EQ(thetas(both), Thetas(7e4, 8e4));
  Json one = old;
  one["rope_parameters"] = {{"full_attention", {{"rope_type", "default"}, {"rope_theta", 7e4}}}};
  EXPECT_EQ(thetas(one), Thetas(7e4, 3e4));
  EXPECT_EQ(thetas({{"rope_parameters", {{"sliding_attention", {{"rope_theta", 9e4}}}}}}),
            Thetas(160000, 9e4));
  EXPECT_EQ(thetas({{"rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}}}), kDefaultThetas);
}

TEST(ModernBertConfig, LenientFormsOfRopeParameters) {
  using Thetas = std::pair<double, double>;
  EXPECT_EQ(thetas({{"rope_parameters",
                     {{"full_attention", nullptr}, {"sliding_attention", {{"rope_theta", 2e4}}}}}}),
            Thetas(160000, 2e4));
  EXPECT_EQ(thetas({{"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 4e4}}}}), Thetas(4e4, 4e4));
  EXPECT_EQ(thetas({{"rope_parameters", nullptr}}), kDefaultThetas);
  // The old layout's null means: as the global layers.
  EXPECT_EQ(thetas({{"global_rope_theta", 5e4}, {"local_rope_theta", nullptr}}), Thetas(5e4, 5e4));
  EXPECT_EQ(thetas({{"rope_theta", 123}}), kDefaultThetas);
}

TEST(ModernBertConfig, OtherRopeTypesAreRefused) {
  const Json yarn = {{"rope_type", "yarn"}, {"factor", 4}};
  for (const Json& fields :
       {Json{{"rope_scaling", yarn}}, Json{{"rope_scaling", {{"type", "linear"}}}},
        Json{{"rope_parameters", {{"full_attention", yarn}}}}, Json{{"rope_parameters", yarn}}}) {
    const auto thrown = refusal(fields);
    EXPECT_EQ(thrown.code, ErrorCode::kUnsupported) << fields;
    EXPECT_THAT(thrown.message, HasSubstr("want default"));
  }
}

TEST(ModernBertConfig, LabelsComeFromTheMapOrTheCount) {
  EXPECT_EQ(modernbert_with(Json::object()).num_labels, 2);
  EXPECT_THAT(modernbert_with({{"num_labels", 3}}).id2label, ElementsAre("LABEL_0", "LABEL_1", "LABEL_2"));
  const EncoderConfig named = modernbert_with({{"id2label", {{"1", "bad"}, {"0", "good"}, {"2", "ugly"}}}});
  EXPECT_THAT(named.id2label, ElementsAre("good", "bad", "ugly"));
  EXPECT_EQ(named.num_labels, 3);
  EXPECT_EQ(modernbert_with({{"problem_type", "multi_label_classification"}}).problem_type,
            ProblemType::kMultiLabel);
  EXPECT_EQ(modernbert_with({{"problem_type", nullptr}}).problem_type, ProblemType::kUnset);
}

TEST(ModernBertConfig, KeysThatChangeNothingAreIgnored) {
  EXPECT_NO_THROW(modernbert_with({{"layer_norm_eps", "?"},
                                   {"position_embedding_type", "absolute"},
                                   {"reference_compile", nullptr},
                                   {"attention_dropout", 0.1},
                                   {"torch_dtype", "float16"},
                                   {"something_new", Json::array()}}));
}

struct BadField {
  Json fields;
  ErrorCode code;
  std::string message;  // a part of it
};

TEST(ModernBertConfig, RefusesWrongValuesByNameValueAndChoices) {
  constexpr auto kBad = ErrorCode::kInvalidFile;
  constexpr auto kUnknown = ErrorCode::kUnsupported;
  const std::vector<BadField> cases = {
      {{{"hidden_activation", "swishy"}}, kUnknown, "hidden_activation is \"swishy\", want one of gelu"},
      {{{"classifier_activation", "x"}}, kUnknown, "classifier_activation is \"x\""},
      {{{"hidden_activation", 3}}, kBad, "hidden_activation is 3, want a string"},
      {{{"classifier_pooling", "max"}}, kUnknown, "classifier_pooling is \"max\", want cls or mean"},
      {{{"problem_type", "guess"}}, kUnknown, "problem_type is \"guess\", want one of regression"},
      {{{"hidden_size", 0}}, kBad, "hidden_size is 0, want an integer from 1"},
      {{{"hidden_size", -768}}, kBad, "hidden_size is -768"},
      {{{"hidden_size", "many"}}, kBad, "hidden_size is \"many\""},
      {{{"hidden_size", 768.5}}, kBad, "hidden_size is 768.5"},
      {{{"hidden_size", 1e18}}, kBad, "hidden_size"},
      {{{"vocab_size", 4294967297}}, kBad, "vocab_size is 4294967297"},
      {{{"num_hidden_layers", 1000000000}}, kBad, "num_hidden_layers"},
      {{{"num_hidden_layers", 0}}, kBad, "num_hidden_layers is 0"},
      {{{"num_attention_heads", 7}}, kBad, "num_attention_heads is 7, want a divisor of hidden_size 768"},
      {{{"num_attention_heads", 0}}, kBad, "num_attention_heads is 0"},
      {{{"hidden_size", 36}, {"num_attention_heads", 4}}, kBad, "even head size"},
      {{{"intermediate_size", -1}}, kBad, "intermediate_size is -1"},
      {{{"max_position_embeddings", 0}}, kBad, "max_position_embeddings is 0"},
      {{{"local_attention", -2}}, kBad, "local_attention is -2"},
      {{{"sliding_window", "wide"}}, kBad, "sliding_window is \"wide\""},
      {{{"global_attn_every_n_layers", 0}}, kBad, "global_attn_every_n_layers is 0"},
      {{{"layer_types", {"full_attention"}}}, kBad, "want a list of num_hidden_layers = 6 kinds"},
      {{{"layer_types", "full_attention"}}, kBad, "layer_types is \"full_attention\""},
      {{{"layer_types", std::vector<std::string>(6, "half_attention")}},
       kUnknown,
       "layer_types has \"half_attention\""},
      {{{"global_rope_theta", 0}}, kBad, "global_rope_theta is 0, want a positive number"},
      {{{"local_rope_theta", -1}}, kBad, "local_rope_theta is -1"},
      {{{"global_rope_theta", "big"}}, kBad, "global_rope_theta is \"big\""},
      {{{"rope_parameters", {{"full_attention", {{"rope_theta", -1}}}}}},
       kBad,
       "full_attention.rope_theta is -1"},
      {{{"rope_parameters", 5}}, kBad, "rope_parameters is 5, want an object"},
      {{{"norm_eps", "small"}}, kBad, "norm_eps is \"small\""},
      {{{"norm_eps", -1e-5}}, kBad, "norm_eps is -1e-05"},
      {{{"norm_bias", 1}}, kBad, "norm_bias is 1, want true or false"},
      {{{"attention_bias", "no"}}, kBad, "attention_bias is \"no\""},
      {{{"pad_token_id", 5e10}}, kBad, "pad_token_id"},
      {{{"num_labels", 0}}, kBad, "num_labels is 0"},
      {{{"id2label", Json::object()}}, kBad, "id2label"},
      {{{"id2label", {{"one", "x"}}}}, kBad, "id2label has one"},
      {{{"id2label", {{"0", 7}}}}, kBad, "id2label has 0: 7"},
      {{{"num_labels", 2}, {"id2label", {{"0", "a"}, {"1", "b"}, {"2", "c"}}}}, kBad, "want indices below 2"},
      {{{"architectures", "ModernBertModel"}}, kBad, "architectures"},
  };
  for (const BadField& c : cases) {
    const auto thrown = refusal(c.fields);
    EXPECT_EQ(thrown.code, c.code) << c.fields;
    EXPECT_THAT(thrown.message, HasSubstr(c.message));
    EXPECT_THAT(thrown.message, HasSubstr("config.json"));
  }
}

TEST(BertConfig, DefaultsAreThoseOfTheBaseModel) {
  const EncoderConfig config = parse({{"model_type", "bert"}});
  EXPECT_EQ(config.vocab_size, 30522);
  EXPECT_EQ(config.intermediate_size, 3072);
  EXPECT_EQ(config.max_position_embeddings, 512);
  EXPECT_EQ(config.type_vocab_size, 2);
  EXPECT_EQ(config.norm_eps, 1e-12);
  EXPECT_EQ(config.layers[0].block, BlockKind::kPostNorm);
  EXPECT_EQ(config.layers[0].mlp, MlpKind::kMlp);
  EXPECT_EQ(config.rope_dim(config.layers[0]), 0);
  EXPECT_TRUE(config.absolute_positions);
  EXPECT_FALSE(config.final_norm || config.skip_first_prenorm);
  EXPECT_TRUE(config.norm_bias && config.attn_qkv_bias && config.attn_out_bias && config.mlp_in_bias &&
              config.mlp_out_bias && config.decoder_bias);
  EXPECT_EQ(config.sequence_head.activation, Activation::kTanh);
  EXPECT_FALSE(config.sequence_head.norm || config.token_head.dense || config.token_head.norm);
  EXPECT_EQ(config.pad_token_id, 0);
  ASSERT_EQ(config.layers.size(), 12u);
  for (const LayerConfig& layer : config.layers) EXPECT_EQ(layer.window, -1);
}

TEST(BertConfig, RefusesWhatIsNotAnEncoderWithAbsolutePositions) {
  const auto message = [](const Json& fields) {
    Json json = {{"model_type", "bert"}};
    json.update(fields);
    return thrown_by([&] { parse(json); }).message;
  };
  EXPECT_THAT(message({{"position_embedding_type", "relative_key"}}), HasSubstr("want absolute"));
  EXPECT_THAT(message({{"is_decoder", true}}), HasSubstr("is_decoder is true"));
  EXPECT_THAT(message({{"hidden_act", "squash"}}), HasSubstr("hidden_act is \"squash\""));
  EXPECT_THAT(message({{"type_vocab_size", 0}}), HasSubstr("type_vocab_size is 0"));
  EXPECT_THAT(message({{"layer_norm_eps", -1}}), HasSubstr("layer_norm_eps is -1"));
}

TEST(ParseConfig, RefusesOtherModelsAndWhatIsNoConfig) {
  EXPECT_EQ(thrown_by([] { parse({{"model_type", "gpt2"}}); }).code, ErrorCode::kUnsupported);
  EXPECT_THAT(thrown_by([] {
                parse({{"model_type", "gpt2"}});
              }).message,
              HasSubstr("model_type is \"gpt2\", want modernbert, bert or flex_bert"));
  EXPECT_THAT(thrown_by([] { parse(Json::object()); }).message, HasSubstr("model_type is missing"));
  EXPECT_THAT(thrown_by([] { parse({{"model_type", 5}}); }).message, HasSubstr("model_type is 5"));
  for (const char* text : {"", "[]", "{\"model_type\": \"bert\"", "{\"model_type\": \"bert\"} x", "7"}) {
    EXPECT_EQ(thrown_by([&] { parse_config(text, "config.json"); }).code, ErrorCode::kInvalidFile) << text;
  }
}

TEST(Activations, HaveTheNamesOfHuggingFace) {
  const std::vector<std::pair<std::string, Activation>> names = {
      {"gelu", Activation::kGelu},       {"gelu_new", Activation::kGeluTanh},
      {"silu", Activation::kSilu},       {"gelu_pytorch_tanh", Activation::kGeluTanh},
      {"swish", Activation::kSilu},      {"quick_gelu", Activation::kQuickGelu},
      {"relu", Activation::kRelu},       {"relu2", Activation::kRelu2},
      {"relu6", Activation::kRelu6},     {"leaky_relu", Activation::kLeakyRelu},
      {"mish", Activation::kMish},       {"tanh", Activation::kTanh},
      {"sigmoid", Activation::kSigmoid}, {"linear", Activation::kIdentity}};
  for (const auto& [name, activation] : names) EXPECT_EQ(parse_activation(name, "f"), activation) << name;
  EXPECT_EQ(to_string(Activation::kGeluTanh), "gelu_pytorch_tanh");
}

// The two folders hold one model: their configs must mean the same.
TEST(ParseConfig, OldAndNewNamesMeanTheSame) {
  const auto folder = testing::shared_dir() / "reference" / "modernbert";
  MB_SKIP_UNLESS_EXISTS(folder);
  const auto read = [&](const char* name) {
    const auto path = folder / name / "config.json";
    return parse_config(read_file(path), path.string());
  };
  const EncoderConfig old_names = read("mlm_v4_config");
  const EncoderConfig new_names = read("mlm_v5_config");
  ASSERT_EQ(old_names.layers.size(), new_names.layers.size());
  for (size_t i = 0; i < old_names.layers.size(); ++i) {
    EXPECT_EQ(old_names.layers[i].window, new_names.layers[i].window) << i;
    EXPECT_EQ(old_names.layers[i].rope_theta, new_names.layers[i].rope_theta) << i;
  }
  EXPECT_EQ(old_names.hidden_size, new_names.hidden_size);
  EXPECT_EQ(old_names.norm_eps, new_names.norm_eps);
}

}  // namespace
}  // namespace modernbert
