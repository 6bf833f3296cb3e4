#include "verify/recipe_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>

#include "core/default_threads.h"
#include "core/fail.h"
#include "tensor/matrix.h"

namespace modernbert {
namespace {

uint64_t fnv1a64(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

// splitmix64's output function.
uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

void add_norm(std::vector<ParameterShape>& out, const std::string& name, const EncoderConfig& config) {
  out.push_back({name + ".weight", {config.hidden_size}});
  if (config.norm_bias) out.push_back({name + ".bias", {config.hidden_size}});
}

void add_linear(std::vector<ParameterShape>& list, const std::string& name, int64_t out, int64_t in,
                bool bias) {
  list.push_back({name + ".weight", {out, in}});
  if (bias) list.push_back({name + ".bias", {out}});
}

void add_layer(std::vector<ParameterShape>& out, int layer, const EncoderConfig& config) {
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  const int64_t hidden = config.hidden_size;
  const int64_t inner = config.intermediate_size;
  if (layer > 0) add_norm(out, prefix + "attn_norm", config);
  add_linear(out, prefix + "attn.Wqkv", 3 * hidden, hidden, config.attn_qkv_bias);
  add_linear(out, prefix + "attn.Wo", hidden, hidden, config.attn_out_bias);
  add_norm(out, prefix + "mlp_norm", config);
  add_linear(out, prefix + "mlp.Wi", 2 * inner, hidden, config.mlp_in_bias);
  add_linear(out, prefix + "mlp.Wo", hidden, inner, config.mlp_out_bias);
}

// Every thread fills its own slice of each parameter.
void fill(const WeightRecipe& recipe, const std::string& name, std::span<float> values, int threads) {
  constexpr size_t kSmall = size_t{1} << 16;
  if (values.size() < kSmall || threads == 1) return generate_parameter(recipe, name, 0, values);
  const size_t slice = (values.size() + threads - 1) / threads;
  std::vector<std::jthread> workers;
  for (size_t begin = 0; begin < values.size(); begin += slice) {
    const auto part = values.subspan(begin, std::min(slice, values.size() - begin));
    workers.emplace_back([&recipe, &name, begin, part] { generate_parameter(recipe, name, begin, part); });
  }
}

void check_parameter(const std::string& name, const Tensor& tensor, const JsonObject& want) {
  const auto values =
      std::span(reinterpret_cast<const float*>(tensor.data), static_cast<size_t>(tensor.elements()));
  const auto same = [](float value, const Json& expected) {
    return expected.is_number() && value == expected.get<float>();
  };
  const Json* first = want.find("first4");
  if (first == nullptr || !first->is_array() || first->empty() || first->size() > values.size()) {
    want.reject("first4", "the first elements of " + name);
  }
  for (size_t i = 0; i < first->size(); ++i) {
    if (!same(values[i], (*first)[i]))
      want.reject("first4", fmt::format("{} at {} of {}", values[i], i, name));
  }
  const Json* last = want.find("last");
  if (last == nullptr || !same(values.back(), *last))
    want.reject("last", fmt::format("{} of {}", values.back(), name));
  double sum = 0;
  double magnitude = 0;
  for (const float value : values) {
    sum += value;
    magnitude += std::abs(value);
  }
  // Sums depend on their order by about eps * sqrt(n) of the terms; a single wrong element is far above this.
  if (!(std::abs(sum - want.number("sum_float64", NAN)) <= 1e-10 * magnitude)) {
    want.reject("sum_float64", fmt::format("{} of {}", sum, name));
  }
}

}  // namespace

WeightRecipe read_weight_recipe(const Json& value, const std::string& source) {
  const JsonObject json(value, source);
  WeightRecipe recipe;
  if (!json.has("seed")) json.reject("seed", "an integer");
  recipe.seed = static_cast<uint64_t>(json.integer("seed", 0, 0, INT64_MAX));
  recipe.norm_offset = static_cast<float>(json.number("norm_offset", 1));
  const auto scale = json.object("a");
  if (!scale) json.reject("a", "an object of scales");
  for (const auto& [kind, number] : scale->json().items()) {
    recipe.scale[kind] = static_cast<float>(scale->number(kind, 0));
  }
  return recipe;
}

std::vector<ParameterShape> masked_lm_parameters(const EncoderConfig& config) {
  const int64_t hidden = config.hidden_size;
  std::vector<ParameterShape> list;
  list.push_back({"model.embeddings.tok_embeddings.weight", {config.vocab_size, hidden}});
  add_norm(list, "model.embeddings.norm", config);
  for (int layer = 0; layer < config.num_hidden_layers; ++layer) add_layer(list, layer, config);
  add_norm(list, "model.final_norm", config);
  add_linear(list, "head.dense", hidden, hidden, config.mlm_head.dense_bias);
  add_norm(list, "head.norm", config);
  if (!config.tie_word_embeddings) list.push_back({"decoder.weight", {config.vocab_size, hidden}});
  if (config.decoder_bias) list.push_back({"decoder.bias", {config.vocab_size}});
  return list;
}

std::string recipe_kind(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kEndings = {{
      {"tok_embeddings.weight", "tok_embeddings"},
      {"norm.weight", "norm"},
      {"attn.Wqkv.weight", "Wqkv"},
      {"attn.Wo.weight", "attn_Wo"},
      {"mlp.Wi.weight", "Wi"},
      {"mlp.Wo.weight", "mlp_Wo"},
      {"head.dense.weight", "head_dense"},
      {"decoder.bias", "decoder_bias"},
  }};
  for (const auto& [ending, kind] : kEndings) {
    if (name.ends_with(ending)) return std::string(kind);
  }
  fail(ErrorCode::kUnsupported, "the weight recipe has no rule for parameter {}", name);
}

void generate_parameter(const WeightRecipe& recipe, const std::string& name, uint64_t first,
                        std::span<float> out) {
  const std::string kind = recipe_kind(name);
  const auto scale = recipe.scale.find(kind);
  if (scale == recipe.scale.end())
    fail(ErrorCode::kInvalidFile, "the weight recipe has no scale for {}", kind);
  const float a = scale->second;
  const bool is_norm = kind == "norm";
  const uint64_t key = fnv1a64(name) ^ recipe.seed;
  for (size_t k = 0; k < out.size(); ++k) {
    const uint64_t z = mix(key + (first + k + 1) * 0x9E3779B97F4A7C15);
    const float uniform = static_cast<float>(z >> 40) * 0x1p-23f - 1.0f;  // in [-1, 1), exact
    const float product = uniform * a;
    out[k] = is_norm ? product + recipe.norm_offset : product;
  }
}

Weights generate_weights(const EncoderConfig& config, const WeightRecipe& recipe, int threads,
                         std::string source) {
  threads = choose_threads(threads);
  TensorMap tensors;
  auto buffers = std::make_shared<std::vector<AlignedBuffer<float>>>();
  for (const ParameterShape& parameter : masked_lm_parameters(config)) {
    generate_parameter(recipe, parameter.name, 0, {});  // a missing constant throws here, not in a worker
    Tensor tensor{.source = source, .dtype = DType::kF32, .shape = parameter.shape};
    const auto count = static_cast<size_t>(tensor.elements());
    float* values = buffers->emplace_back(count).data();
    fill(recipe, parameter.name, {values, count}, threads);
    tensor.data = reinterpret_cast<const std::byte*>(values);
    tensors.emplace(parameter.name, std::move(tensor));
  }
  return Weights::from_memory(std::move(tensors), std::move(buffers), std::move(source));
}

void check_generated_weights(const Weights& weights, const Json& check, const std::string& source) {
  const JsonObject json(check, source);
  for (const auto& [name, tensor] : weights.tensors()) {
    const auto want = json.object(name);
    if (!want) json.reject(name, "an entry for this parameter");
    check_parameter(name, tensor, *want);
  }
  for (const auto& [name, want] : check.items()) {
    if (weights.find(name) == nullptr) json.reject(name, "only parameters of the config's model");
  }
}

}  // namespace modernbert
