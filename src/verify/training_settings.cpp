#include "verify/training_settings.h"

#include <algorithm>

namespace modernbert {
namespace {

constexpr std::string_view kDecoupledSuffix = "_decoupled";

}  // namespace

std::vector<double> read_numbers(const JsonObject& json, const std::string& name) {
  const Json* list = json.find(name);
  const auto is_number = [](const Json& value) { return value.is_number(); };
  if (list == nullptr || !list->is_array() || !std::ranges::all_of(*list, is_number))
    json.reject(name, "a list of numbers");
  return list->get<std::vector<double>>();
}

OptimizerConfig read_optimizer(const JsonObject& json) {
  OptimizerConfig config;
  std::string kind = json.string("kind", "");
  config.decoupled_decay = kind.ends_with(kDecoupledSuffix);
  if (config.decoupled_decay) kind.resize(kind.size() - kDecoupledSuffix.size());
  config.kind = parse_optimizer(kind, json.source() + ": kind");
  config.learning_rate = json.number("lr", 0);
  const std::vector<double> betas = read_numbers(json, "betas");
  if (betas.size() != 2) json.reject("betas", "two numbers");
  config.beta1 = betas[0];
  config.beta2 = betas[1];
  config.epsilon = json.number("eps", config.epsilon);
  config.weight_decay = json.number(json.has("wd") ? "wd" : "weight_decay", 0);
  return config;
}

}  // namespace modernbert
