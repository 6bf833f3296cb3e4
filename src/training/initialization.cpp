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
  kHead,
  kPoolingHead,
  kDecoder,
  kClassifier
};

bool ends_with_any(const std::string& name, std::span<const std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

Role role_of(const std::string& name, bool has_classifier) {
  constexpr std::array<std::string_view, 3> kOutputs = {"attn.Wo.weight", "mlp.Wo.weight",
                                                        "output.dense.weight"};
  constexpr std::array<std::string_view, 2> kClassifiers = {"classifier.weight", "qa_outputs.weight"};
  if (name.ends_with("embeddings.weight")) return Role::kEmbedding;
  if (name.ends_with("decoder.weight")) return Role::kDecoder;
  if (ends_with_any(name, kClassifiers)) return Role::kClassifier;
  if (ends_with_any(name, kOutputs)) return Role::kOutput;
  if (name.ends_with("pooler.dense.weight")) return Role::kPoolingHead;
  if (name == "head.dense.weight") return has_classifier ? Role::kPoolingHead : Role::kHead;
  return name.ends_with("transform.dense.weight") ? Role::kHead : Role::kInput;
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

// Of kFullMegatron and kHuggingFace.
double deviation_by_role(const EncoderConfig& config, const Initialization& init, Role role) {
  const bool huggingface = init.method == InitMethod::kHuggingFace;
  const double small = init.deviation / std::sqrt(2.0 * config.num_hidden_layers);
  const double by_inputs = 1 / std::sqrt(static_cast<double>(config.hidden_size));
  switch (role) {
    case Role::kEmbedding:
    case Role::kInput:
      return init.deviation;
    case Role::kOutput:
    case Role::kPoolingHead:
      return small;
    case Role::kHead:
      return huggingface ? small : init.deviation;
    case Role::kDecoder:
      return huggingface ? small : by_inputs;
    case Role::kClassifier:
      return by_inputs;
  }
  return init.deviation;
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
    case InitMethod::kHuggingFace:
      return {deviation_by_role(config, init, role), init.cutoff.value_or(3)};
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

// Of norms, biases and the slopes of PReLUs.
float constant_start(const std::string& name) {
  constexpr std::array<std::string_view, 2> kSlopes = {".act.weight", "_act_fn.weight"};
  if (name.ends_with(".bias")) return 0;
  return ends_with_any(name, kSlopes) ? 0.25f : 1;
}

}  // namespace

InitMethod parse_init_method(std::string_view name, std::string_view field) {
  static constexpr std::array kMethods = {
      NamedValue<InitMethod>{"default", InitMethod::kDefault},
      NamedValue<InitMethod>{"normal", InitMethod::kNormal},
      NamedValue<InitMethod>{"mitchell", InitMethod::kMitchell},
      NamedValue<InitMethod>{"kaiming_normal", InitMethod::kKaimingNormal},
      NamedValue<InitMethod>{"fan_in", InitMethod::kFanIn},
      NamedValue<InitMethod>{"full_megatron", InitMethod::kFullMegatron},
      NamedValue<InitMethod>{"huggingface", InitMethod::kHuggingFace}};
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
      std::ranges::fill(values, constant_start(parameter.name));
      continue;
    }
    fill(config, init, parameter, role_of(parameter.name, has_classifier), key, values);
  }
}

}  // namespace modernbert
