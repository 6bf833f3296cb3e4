// Values of an untrained model.
#include <algorithm>
#include <array>
#include <cmath>

#include "core/random.h"
#include "training/parameters.h"

namespace modernbert {
namespace {

constexpr double kDeviation = 0.02;
constexpr double kCutoff = 2;  // deviations

bool ends_with_any(const std::string& name, std::span<const std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

// Of the normal distribution that is cut off afterwards.
double deviation(const EncoderConfig& config, const ParameterInfo& parameter) {
  // What is added to the residual stream, and the pooling head.
  constexpr std::array<std::string_view, 4> kResidual = {"attn.Wo.weight", "mlp.Wo.weight",
                                                         "output.dense.weight", "pooler.dense.weight"};
  constexpr std::array<std::string_view, 3> kFinal = {"decoder.weight", "classifier.weight",
                                                      "qa_outputs.weight"};
  if (ends_with_any(parameter.name, kFinal)) return 1 / std::sqrt(static_cast<double>(config.hidden_size));
  if (ends_with_any(parameter.name, kResidual)) return kDeviation / std::sqrt(2.0 * config.num_hidden_layers);
  return kDeviation;
}

// Normal, drawn again until it is within the cutoff.
double truncated_normal(uint64_t key) {
  for (uint64_t attempt = 0;; ++attempt) {
    const double value = random_normal(key, attempt);
    if (std::abs(value) <= kCutoff) return value;
  }
}

}  // namespace

void initialize_parameters(const EncoderConfig& config, uint64_t seed, ParameterBlock& block) {
  uint64_t index = 0;
  for (const ParameterInfo& parameter : block.layout().parameters()) {
    const std::span<float> values = block.of(parameter);
    const uint64_t key = random_hash(seed, index++);
    if (!parameter.decays()) {
      std::ranges::fill(values, parameter.name.ends_with(".bias") ? 0.0f : 1.0f);
      continue;
    }
    const double scale = deviation(config, parameter);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(scale * truncated_normal(random_hash(key, i)));
  }
}

}  // namespace modernbert
