#include "training/initialization.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/names.h"
#include "core/random.h"
#include "model/tensor_names.h"

namespace modernbert {
namespace {

enum class Role {
  kEmbedding,
  kInput,   // reads from the stream
  kOutput,  // is added to the stream
  kPoolingHead,
  kFinal  // decoder or classifier
};

bool ends_with_any(const std::string& name, std::span<const std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

Role role_of(const std::string& name, bool has_classifier) {
  constexpr std::array<std::string_view, 3> kOutputs = {"attn.Wo.weight", "mlp.Wo.weight",
                                                        "output.dense.weight"};
  constexpr std::array<std::string_view, 3> kFinals = {"decoder.weight", "classifier.weight",
                                                       "qa_outputs.weight"};
  if (name.ends_with("embeddings.weight")) return Role::kEmbedding;
  if (ends_with_any(name, kFinals)) return Role::kFinal;
  if (ends_with_any(name, kOutputs)) return Role::kOutput;
  if (name.ends_with("pooler.dense.weight") || (has_classifier && name == "head.dense.weight"))
    return Role::kPoolingHead;
  return Role::kInput;
}

// The number of the layer whose tensor this is.
int layer_of(const EncoderConfig& config, const std::string& name) {
  const TensorNames names(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    if (name.starts_with(names.layer_stem(i))) return i;
  }
  return 0;
}

struct Normal {
  double deviation;
  std::optional<double> cutoff;  // deviations
};

Normal megatron(const EncoderConfig& config, const Initialization& init, Role role) {
  const double cutoff = init.cutoff.value_or(3);
  if (role == Role::kFinal) return {1 / std::sqrt(static_cast<double>(config.hidden_size)), cutoff};
  if (role == Role::kOutput || role == Role::kPoolingHead)
    return {init.deviation / std::sqrt(2.0 * config.num_hidden_layers), cutoff};
  return {init.deviation, cutoff};
}

Normal distribution(const EncoderConfig& config, const Initialization& init, const ParameterInfo& parameter,
                    Role role) {
  const auto inputs = static_cast<double>(parameter.shape.back());
  const bool output = role == Role::kOutput;
  switch (init.method) {
    case InitMethod::kDefault:
      return {init.deviation, std::nullopt};
    case InitMethod::kNormal:
      return {output ? init.deviation / std::sqrt(2.0 * config.num_hidden_layers) : init.deviation,
              init.cutoff};
    case InitMethod::kMitchell: {
      const double depth = output ? 2.0 * (layer_of(config, parameter.name) + 1) : 1.0;
      return {1 / std::sqrt(inputs * depth), 3};
    }
    case InitMethod::kKaimingNormal:
      return {std::sqrt(2 / inputs), std::nullopt};
    case InitMethod::kFanIn:
      return {1 / std::sqrt(inputs), std::nullopt};
    case InitMethod::kFullMegatron:
      return megatron(config, init, role);
  }
  return {init.deviation, init.cutoff};
}

double draw(const Normal& normal, uint64_t key) {
  for (uint64_t attempt = 0;; ++attempt) {
    const double value = random_normal(key, attempt);
    if (!normal.cutoff || std::abs(value) <= *normal.cutoff) return normal.deviation * value;
  }
}

void fill(const EncoderConfig& config, const Initialization& init, const ParameterInfo& parameter, Role role,
          uint64_t key, std::span<float> values) {
  if (role == Role::kEmbedding && init.small_embedding) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(1e-4 * (2 * random_uniform(key, i) - 1));
    return;
  }
  const Normal normal = distribution(config, init, parameter, role);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(draw(normal, random_hash(key, i)));
}

}  // namespace

InitMethod parse_init_method(std::string_view name, std::string_view field) {
  static constexpr std::array kMethods = {
      NamedValue<InitMethod>{"default", InitMethod::kDefault},
      NamedValue<InitMethod>{"normal", InitMethod::kNormal},
      NamedValue<InitMethod>{"mitchell", InitMethod::kMitchell},
      NamedValue<InitMethod>{"kaiming_normal", InitMethod::kKaimingNormal},
      NamedValue<InitMethod>{"fan_in", InitMethod::kFanIn},
      NamedValue<InitMethod>{"full_megatron", InitMethod::kFullMegatron}};
  return parse_name<InitMethod>(name, kMethods, std::string(field));
}

void initialize_parameters(const EncoderConfig& config, const Initialization& init, uint64_t seed,
                           ParameterBlock& block) {
  const bool has_classifier = block.layout().find("classifier.weight") != nullptr;
  uint64_t index = 0;
  for (const ParameterInfo& parameter : block.layout().parameters()) {
    const std::span<float> values = block.of(parameter);
    const uint64_t key = random_hash(seed, index++);
    if (!parameter.decays()) {
      std::ranges::fill(values, parameter.name.ends_with(".bias") ? 0.0f : 1.0f);
      continue;
    }
    fill(config, init, parameter, role_of(parameter.name, has_classifier), key, values);
  }
}

}  // namespace modernbert
