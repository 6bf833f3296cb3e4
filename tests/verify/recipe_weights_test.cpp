// The recipe's first elements are those that an independent program wrote into the reference data.
#include "verify/recipe_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "modernbert/error.h"

namespace modernbert {
namespace {

constexpr const char* kTinyConfig =
    R"({"model_type": "modernbert", "vocab_size": 11, "hidden_size": 8, "intermediate_size": 4,
        "num_hidden_layers": 2, "num_attention_heads": 2})";

WeightRecipe small_recipe() {
  return read_weight_recipe(Json::parse(R"({"seed": 1592590345, "norm_offset": 1.0,
      "a": {"tok_embeddings": 0.22, "norm": 0.2, "Wqkv": 0.14, "attn_Wo": 0.17, "Wi": 0.12, "mlp_Wo": 0.09,
            "head_dense": 0.12, "decoder_bias": 0.4}})"),
                            "recipe");
}

TEST(WeightRecipe, GivesTheReferenceElements) {
  std::array<float, 4> values;
  generate_parameter(small_recipe(), "model.embeddings.tok_embeddings.weight", 0, values);
  EXPECT_THAT(values, ::testing::ElementsAre(0.08336763828992844f, 0.19836120307445526f,
                                             0.005249221343547106f, 0.12485752254724503f));
  generate_parameter(small_recipe(), "model.embeddings.norm.weight", 0, values);
  EXPECT_THAT(values, ::testing::ElementsAre(0.9122380018234253f, 1.0520557165145874f, 1.159377932548523f,
                                             0.8510894775390625f));
}

TEST(WeightRecipe, GivesTheSameElementsInSlices) {
  const WeightRecipe recipe = small_recipe();
  std::array<float, 10> whole;
  std::array<float, 4> part;
  generate_parameter(recipe, "decoder.bias", 0, whole);
  generate_parameter(recipe, "decoder.bias", 6, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 6));
}

TEST(WeightRecipe, GeneratesEveryParameterOfTheConfigOnAnyNumberOfThreads) {
  const EncoderConfig config = parse_config(kTinyConfig, "tiny");
  const Weights one = generate_weights(config, small_recipe(), 1, "one");
  const Weights three = generate_weights(config, small_recipe(), 3, "three");
  EXPECT_EQ(one.tensors().size(), 17u);  // 2 + 5 + 6 + final norm + head's 2 + decoder bias
  for (const auto& [name, tensor] : one.tensors()) {
    EXPECT_EQ(tensor.to_floats(), three.find(name)->to_floats()) << name;
  }
  EXPECT_EQ(one.find("model.layers.0.attn_norm.weight"), nullptr);
  EXPECT_EQ(one.find("model.layers.1.mlp.Wi.weight")->shape, (std::vector<int64_t>{8, 8}));
}

Json check_of(const Weights& weights) {
  Json check = Json::object();
  for (const auto& [name, tensor] : weights.tensors()) {
    const auto values = tensor.to_floats();
    double sum = 0;
    for (const float value : values) sum += value;
    check[name] = {{"first4", std::vector<float>(values.begin(), values.begin() + 4)},
                   {"last", values.back()},
                   {"sum_float64", sum}};
  }
  return check;
}

TEST(WeightRecipe, IsCheckedElementBySum) {
  const Weights weights = generate_weights(parse_config(kTinyConfig, "tiny"), small_recipe(), 1, "tiny");
  const Json check = check_of(weights);
  EXPECT_NO_THROW(check_generated_weights(weights, check, "check"));
  const std::string name = "model.layers.1.attn.Wo.weight";
  Json wrong = check;
  wrong[name]["first4"][2] = 0.125;
  EXPECT_THROW(check_generated_weights(weights, wrong, "check"), Error);
  wrong = check;
  wrong[name]["last"] = 0.125;
  EXPECT_THROW(check_generated_weights(weights, wrong, "check"), Error);
  wrong = check;
  wrong[name]["sum_float64"] = check[name]["sum_float64"].get<double>() + 1e-6;
  EXPECT_THROW(check_generated_weights(weights, wrong, "check"), Error);
  wrong = check;
  wrong.erase(name);
  EXPECT_THROW(check_generated_weights(weights, wrong, "check"), Error);
  wrong = check;
  wrong["model.layers.2.attn.Wo.weight"] = check[name];
  EXPECT_THROW(check_generated_weights(weights, wrong, "check"), Error);
}

TEST(WeightRecipe, RefusesWhatItHasNoRuleFor) {
  EncoderConfig config = parse_config(kTinyConfig, "tiny");
  config.attn_qkv_bias = config.attn_out_bias = true;
  EXPECT_THROW(generate_weights(config, small_recipe(), 2, "tiny"), Error);
  WeightRecipe recipe = small_recipe();
  recipe.scale.erase("Wi");
  EXPECT_THROW(generate_weights(parse_config(kTinyConfig, "tiny"), recipe, 2, "tiny"), Error);
}

}  // namespace
}  // namespace modernbert
