#include "measure/shapes.h"

#include "verify/recipe_weights.h"

namespace modernbert {
namespace {

WeightRecipe trained_sizes() {
  WeightRecipe recipe;
  recipe.seed = 1;
  recipe.scale = {{"tok_embeddings", 0.5f}, {"norm", 0.1f},        {"Wqkv", 0.05f},
                  {"attn_Wo", 0.05f},       {"Wi", 0.05f},         {"mlp_Wo", 0.05f},
                  {"head_dense", 0.05f},    {"decoder_bias", 0.0f}};
  return recipe;
}

}  // namespace

std::shared_ptr<const LoadedEncoder> random_encoder(const EncoderConfig& config,
                                                    const EncoderOptions& options) {
  return LoadedEncoder::from_weights(
      config, generate_weights(config, trained_sizes(), options.threads, "random weights"), options);
}

std::shared_ptr<const LoadedEncoder> load_shape(const std::string& shape, const EncoderOptions& options) {
  if (shape == "base") return random_encoder(parse_config(R"({"model_type": "modernbert"})", shape), options);
  if (shape == "large") {
    return random_encoder(parse_config(R"({"model_type": "modernbert", "hidden_size": 1024,
      "intermediate_size": 2624, "num_hidden_layers": 28, "num_attention_heads": 16})",
                                       shape),
                          options);
  }
  return LoadedEncoder::load(shape, options);
}

}  // namespace modernbert
