// Full-size weights without files: every parameter is a hash of its name and the element's number, so that
// anyone can make the same bits. Constants come from the `recipe` object of cases.json.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "model/weights.h"
#include "modernbert/config.h"

namespace modernbert {

struct WeightRecipe {
  uint64_t seed = 0;
  float norm_offset = 1;  // added to the weights of norms
  std::map<std::string, float>
      scale;  // by kind: tok_embeddings, norm, Wqkv, attn_Wo, Wi, mlp_Wo, head_dense, …
};

struct ParameterShape {
  std::string name;
  std::vector<int64_t> shape;
};

WeightRecipe read_weight_recipe(const Json& json, const std::string& source);

// Parameters of a ModernBERT masked language model, in file order. A tied decoder.weight is not one.
std::vector<ParameterShape> masked_lm_parameters(const EncoderConfig& config);

// "Wqkv" of "model.layers.3.attn.Wqkv.weight", and so on; "decoder_bias" of "decoder.bias".
// Error (kUnsupported) for a parameter that the recipe has no kind for.
std::string recipe_kind(std::string_view name);

// Elements [first, first + out.size()) of a parameter. Exact: no rounding depends on the machine.
void generate_parameter(const WeightRecipe& recipe, const std::string& name, uint64_t first,
                        std::span<float> out);

// All parameters, generated on `threads` threads (0 = all cores).
Weights generate_weights(const EncoderConfig& config, const WeightRecipe& recipe, int threads,
                         std::string source);

// check: weights_check.json, name -> first four and last elements (exact) and the sum. Error (kInvalidFile)
// names the first parameter that differs or is on one side only.
void check_generated_weights(const Weights& weights, const Json& check, const std::string& source);

}  // namespace modernbert
