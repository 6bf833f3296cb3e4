#include "training/recipe/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "shared_files.h"
#include "training/recipe/recipe_section.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kSmall = R"(name: small
data:
  sources:
    - path: books
      weight: 0.7
    - {path: code, weight: 0.3}
  sequence_length: 64
model:
  hidden_size: 32
  num_attention_heads: 2
  num_hidden_layers: 3
  intermediate_size: 48
batch: {sequences: 8, micro_batch: 4}
schedule:
  tokens: 1_000k
  warmup_tokens: 1e4
)";

Recipe parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  RecipeNode tree = parse_recipe(text, "small.yaml");
  for (const std::string& one : overrides) override_recipe(tree, one);
  return parse_recipe_tree(std::move(tree));
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return thrown_by([&] { parse(text, overrides); }).message;
}

TEST(Recipe, ReadsFieldsAndDefaults) {
  const Recipe recipe = parse(kSmall);
  EXPECT_EQ(recipe.data.sources.at(1).path, "code");
  EXPECT_EQ(recipe.data.sources.at(1).weight, 0.3);
  EXPECT_EQ(recipe.schedule.total, 1e6);
  EXPECT_EQ(recipe.schedule.warmup, 1e4);
  EXPECT_EQ(recipe.optimizer.kind, OptimizerKind::kStableAdamW);
  EXPECT_EQ(recipe.checkpoint.keep, 3);
}

TEST(Recipe, TheHeldOutSeedIsTheRecipesUnlessItSaysOtherwise) {
  EXPECT_EQ(parse(kSmall, {"seed=3"}).evaluation.seed, 3u);
  EXPECT_EQ(parse(kSmall, {"seed=3", "evaluation.seed=4"}).evaluation.seed, 4u);
}

TEST(Recipe, Packing) {
  EXPECT_EQ(parse(kSmall).data.packing, RowPacking::kGreedy);
  EXPECT_EQ(parse(kSmall, {"data.packing=padded"}).data.packing, RowPacking::kPadded);
  EXPECT_THAT(error_of(kSmall, {"data.packing=loose"}), HasSubstr("is \"loose\", want greedy or padded"));
}

TEST(Recipe, AnUnknownFieldIsNamedWithFileLineAndChoices) {
  EXPECT_THAT(error_of(kSmall + "optimiser: {}\n"),
              StartsWith("small.yaml:17: optimiser: unknown field, expected one of name, seed"));
  EXPECT_THAT(
      error_of(kSmall, {"batch.size=3"}),
      StartsWith("--set batch.size: batch.size: unknown field, expected one of sequences, micro_batch"));
  EXPECT_THAT(error_of(kSmall, {"model.hidden=3"}), HasSubstr("model.hidden: unknown field"));
}

TEST(Recipe, WrongValuesAreNamedWithLine) {
  EXPECT_THAT(error_of(kSmall, {"schedule.tokens=many"}),
              StartsWith("--set schedule.tokens: schedule.tokens: is \"many\", want a whole number"));
  std::string text = kSmall;
  text.replace(text.find("0.7"), 3, "lots");
  EXPECT_THAT(error_of(text), StartsWith("small.yaml:5: data.sources[0].weight: is \"lots\", want a number"));
  EXPECT_THAT(error_of(kSmall, {"optimizer.name=sgd"}),
              HasSubstr("is \"sgd\", want one of stableadamw, adamw, muon"));
  EXPECT_THAT(error_of(kSmall, {"compute.recompute=yes"}), HasSubstr("want true or false"));
}

TEST(Recipe, ContradictionsAreRefused) {
  EXPECT_THAT(error_of(kSmall, {"batch.sequences=6"}),
              HasSubstr("batch.sequences: is 6, want a multiple of batch.micro_batch 4"));
  EXPECT_THAT(error_of(kSmall, {"batch.warmup_from=4"}), HasSubstr("need each other"));
  EXPECT_THAT(error_of(kSmall, {"schedule.decay_tokens=2M"}), HasSubstr("longer than the run"));
  EXPECT_THAT(error_of(kSmall, {"schedule.kind=cosine", "schedule.decay_tokens=1k"}),
              HasSubstr("contradicts schedule.kind cosine"));
  EXPECT_THAT(error_of(kSmall, {"model.from=a"}), HasSubstr("contradicts model.from"));
  for (const char* only_muon : {"optimizer.muon_momentum=0.9", "optimizer.muon_update=0.3"})
    EXPECT_THAT(error_of(kSmall, {only_muon}), HasSubstr("only muon has it"));
  EXPECT_THAT(error_of(kSmall, {"evaluation.sentences=[no gap]"}), HasSubstr("has no [MASK]"));
}

TEST(Recipe, BadYamlIsNamedWithLine) {
  EXPECT_THAT(error_of("name: a\nbatch: [1, 2\n"), StartsWith("small.yaml:"));
  EXPECT_THAT(error_of("name: a\nname: b\n"), StartsWith("small.yaml:2: name: appears twice"));
  EXPECT_THAT(error_of("just text"), HasSubstr("want a section"));
  EXPECT_THAT(error_of("a: &x [*x]\n"), StartsWith("small.yaml"));
}

TEST(Recipe, OverridesReplaceAndAdd) {
  const Recipe recipe =
      parse(kSmall, {"optimizer.learning_rate=0.5", "batch={sequences: 12, micro_batch: 6}"});
  EXPECT_EQ(recipe.optimizer.learning_rate, 0.5);
  EXPECT_EQ(recipe.batch.sequences, 12);
  EXPECT_EQ(parse(to_yaml(recipe.tree)).optimizer.learning_rate, 0.5);  // the copy beside a run says it too
  EXPECT_EQ(thrown_by([] { parse(kSmall, {"batch"}); }).code, ErrorCode::kInvalidArgument);
}

TEST(Recipe, CountsMayHaveUnits) {
  EXPECT_EQ(parse_count("1.719T"), 1'719'000'000'000);
  EXPECT_EQ(parse_count("50B"), 50'000'000'000);
  EXPECT_EQ(parse_count("3_000"), 3000);
  EXPECT_EQ(parse_count("1e6"), 1'000'000);
  for (const char* bad : {"", "k", "1.5", "1 k", "nan", "0x10", "1e30", "3kk"})
    EXPECT_FALSE(parse_count(bad)) << bad;
}

TEST(Recipe, TheTokenizerDecidesVocabularyAndSpecialTokens) {
  const EncoderConfig config = resolve_encoder(parse(kSmall), std::nullopt, {100, 3, 1, 2});
  EXPECT_EQ(config.vocab_size, 100);
  EXPECT_EQ(config.pad_token_id, 3);
  EXPECT_EQ(config.cls_token_id, 1);
  EXPECT_EQ(config.max_position_embeddings, 64);
  EXPECT_EQ(resolve_encoder(parse(kSmall, {"model.vocab_size=128"}), std::nullopt, {100, 3, 1, 2}).vocab_size,
            128);
  EXPECT_THAT(thrown_by([] {
                resolve_encoder(parse(kSmall, {"model.vocab_size=99"}), std::nullopt, {100, 3, 1, 2});
              }).message,
              HasSubstr("want at least 100"));
}

TEST(Recipe, ErrorsOfTheConfigHaveALine) {
  const auto resolve = [](const std::string& text) {
    return thrown_by([&] { resolve_encoder(parse(text), std::nullopt, {100, 3, 1, 2}); }).message;
  };
  std::string text = kSmall;
  text.replace(text.find("hidden_size: 32"), 15, "hidden_size: 33");
  EXPECT_THAT(resolve(text), StartsWith("small.yaml:"));
}

TEST(Recipe, GoingOnFromACheckpointMayChangeTheta) {
  EncoderConfig base = resolve_encoder(parse(kSmall), std::nullopt, {100, 3, 1, 2});
  const std::string longer =
      "data: {sources: {path: a}, sequence_length: 8192}\nschedule: {tokens: 1M}\nmodel: {from: x, "
      "global_rope_theta: 160000, max_position_embeddings: 8192}\n";
  const EncoderConfig config = resolve_encoder(parse(longer), base, {100, 3, 1, 2});
  EXPECT_EQ(config.layers[0].rope_theta, 160000);
  EXPECT_EQ(config.layers[1].rope_theta, base.layers[1].rope_theta);
  EXPECT_EQ(config.max_position_embeddings, 8192);
  EXPECT_EQ(config.hidden_size, 32);
}

const std::string kFlexBert = R"(data: {sources: {path: a}, sequence_length: 64}
schedule: {tokens: 1M}
model:
  name: flex_bert
  pretrained_model_name: bert-base-uncased
  model_config:
    hidden_size: 32
    num_attention_heads: 2
    num_hidden_layers: 4
    intermediate_size: 48
    attention_layer: rope
    bert_layer: prenorm
    mlp_layer: glu
    embedding_layer: sans_pos
    normalization: layernorm
    norm_kwargs: {eps: 1e-6, bias: false}
    sliding_window: 8
    global_attn_every_n_layers: 3
    rotary_emb_base: 160000.0
    local_attn_rotary_emb_base: 10000.0
    attn_out_dropout_prob: 0.1
    unpad_embeddings: true
    use_fa2: true
    init_method: mitchell
    loss_function: fa_cross_entropy
    loss_kwargs: {reduction: mean, label_smoothing: 0.1, lse_square_scale: 1e-4}
)";

TEST(Recipe, AFlexBertModelConfigRunsUnchanged) {
  const Recipe recipe = parse(kFlexBert);
  const EncoderConfig config = resolve_encoder(recipe, std::nullopt, {100, 3, 1, 2});
  EXPECT_EQ(config.model_type, "flex_bert");  // no final norm, so it is no ModernBERT
  EXPECT_EQ(config.vocab_size, 100);
  EXPECT_EQ(config.norm_eps, 1e-6);
  EXPECT_FALSE(config.norm_bias);
  EXPECT_EQ(config.layers[1].window, 4);
  EXPECT_EQ(config.layers[0].rope_theta, 160000);
  EXPECT_EQ(recipe.model.attention_out_dropout, 0.1);
  EXPECT_EQ(recipe.model.init.method, InitMethod::kMitchell);
  EXPECT_EQ(recipe.loss.label_smoothing, 0.1);
  EXPECT_EQ(recipe.loss.z_loss, 1e-4);
}

TEST(Recipe, ErrorsInAModelConfigHaveALine) {
  const auto resolve = [](const std::string& assignment) {
    return thrown_by([&] {
             resolve_encoder(parse(kFlexBert, {"model.model_config." + assignment}), std::nullopt,
                             {100, 3, 1, 2});
           })
        .message;
  };
  EXPECT_THAT(resolve("window=3"), StartsWith("--set model.model_config.window: model.model_config.window: "
                                              "unknown field, expected one of vocab_size"));
  EXPECT_THAT(resolve("loss_function=mean_squared_error"), HasSubstr("a loss of classification"));
  EXPECT_THAT(resolve("loss_function=cross_entropy"), HasSubstr("fa_cross_entropy has a z-loss"));
  EXPECT_THAT(resolve("init_method=magic"), HasSubstr("want one of default, normal, mitchell"));
  EXPECT_THAT(resolve("sliding_window=5"), StartsWith("--set model.model_config.sliding_window: model: "));
  EXPECT_THAT(error_of(kFlexBert, {"model.name=hf_bert"}),
              HasSubstr("model.name: is \"hf_bert\", want flex_bert"));
  EXPECT_THAT(error_of(kFlexBert, {"model.hidden_size=64"}), HasSubstr("contradicts model.model_config"));
}

TEST(Recipe, EveryCommittedRecipeIsValid) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "configs")) {
    if (entry.is_directory()) continue;  // experiments
    SCOPED_TRACE(entry.path());
    EXPECT_NO_THROW(parse_recipe_tree(read_recipe_tree(entry.path())));
    ++count;
  }
  EXPECT_GE(count, 7);
}

}  // namespace
}  // namespace modernbert::testing
