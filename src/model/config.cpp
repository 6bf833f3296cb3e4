#include "modernbert/config.h"

#include <array>

#include "core/fail.h"
#include "core/names.h"
#include "model/config_common.h"
#include "model/config_flexbert.h"

namespace modernbert {
namespace {

constexpr int64_t kMaxSize = 1 << 20;
constexpr int64_t kMaxVocabulary = 1 << 24;
constexpr int64_t kMaxLayers = 4096;
constexpr int64_t kMaxLabels = 1 << 20;

int64_t required_size(const JsonObject& json, const std::string& name, int64_t default_value, int64_t max) {
  return json.integer(name, default_value, 1, max);
}

std::vector<std::string> label_names(const JsonObject& json, int32_t count) {
  std::vector<std::string> names;
  for (int32_t i = 0; i < count; ++i) names.push_back(fmt::format("LABEL_{}", i));
  const auto map = json.object("id2label");
  if (!map) return names;
  for (const auto& [key, value] : map->json().items()) {
    const bool is_index =
        !key.empty() && key.size() < 8 && key.find_first_not_of("0123456789") == std::string::npos;
    if (!is_index || std::stoi(key) >= count || !value.is_string()) {
      fail(ErrorCode::kInvalidFile, "{}: id2label has {}: {}, want indices below {} and names", json.source(),
           key, brief(value), count);
    }
    names[static_cast<size_t>(std::stoi(key))] = value.get<std::string>();
  }
  return names;
}

}  // namespace

void read_sizes(const JsonObject& json, EncoderConfig& config) {
  const auto size = [&](const std::string& name, int32_t default_value, int64_t max) {
    return static_cast<int32_t>(required_size(json, name, default_value, max));
  };
  config.vocab_size = size("vocab_size", config.vocab_size, kMaxVocabulary);
  config.hidden_size = size("hidden_size", config.hidden_size, kMaxSize);
  config.intermediate_size = size("intermediate_size", config.intermediate_size, kMaxSize);
  config.num_hidden_layers = size("num_hidden_layers", config.num_hidden_layers, kMaxLayers);
  config.num_attention_heads = size("num_attention_heads", config.num_attention_heads, kMaxSize);
  config.max_position_embeddings =
      size("max_position_embeddings", config.max_position_embeddings, kMaxVocabulary);
  if (config.hidden_size % config.num_attention_heads != 0) {
    json.reject("num_attention_heads", fmt::format("a divisor of hidden_size {}", config.hidden_size));
  }
}

void read_labels(const JsonObject& json, EncoderConfig& config) {
  if (const Json* names = json.find("architectures")) {
    if (!names->is_array()) json.reject("architectures", "a list of names");
    for (const Json& name : *names) {
      if (!name.is_string()) json.reject("architectures", "a list of names");
      config.architectures.push_back(name.get<std::string>());
    }
  }
  const auto map = json.object("id2label");
  const auto from_map = map ? static_cast<int64_t>(map->json().size()) : 2;
  if (from_map < 1 || from_map > kMaxLabels) json.reject("id2label", "at least one label");
  config.num_labels = static_cast<int32_t>(json.integer("num_labels", from_map, 1, kMaxLabels));
  config.id2label = label_names(json, config.num_labels);
  static constexpr std::array kProblems = {
      NamedValue<ProblemType>{"regression", ProblemType::kRegression},
      NamedValue<ProblemType>{"single_label_classification", ProblemType::kSingleLabel},
      NamedValue<ProblemType>{"multi_label_classification", ProblemType::kMultiLabel}};
  if (json.has("problem_type")) {
    config.problem_type =
        parse_name<ProblemType>(json.string("problem_type", ""), kProblems, json.source() + ": problem_type");
  }
}

Activation read_activation(const JsonObject& json, const std::string& field, Activation default_value) {
  if (!json.has(field)) return default_value;
  return parse_activation(json.string(field, ""), json.source() + ": " + field);
}

double read_norm_eps(const JsonObject& json, const std::string& field, double default_value) {
  const double eps = json.number(field, default_value);
  if (!(eps >= 0) || eps > 1) json.reject(field, "a number from 0 to 1");
  return eps;
}

EncoderConfig parse_config(std::string_view text, const std::string& source) {
  const Json value = parse_json(text, source);
  const JsonObject json(value, source);
  const std::string type = json.string("model_type", "");
  if (type == "modernbert") return read_modernbert_config(json);
  if (type == "bert") return read_bert_config(json);
  if (type == "flex_bert") return read_flexbert_config(json);
  if (!json.has("model_type")) json.reject("model_type", "modernbert, bert or flex_bert");
  fail(ErrorCode::kUnsupported, "{}: model_type is \"{}\", want modernbert, bert or flex_bert", source, type);
}

}  // namespace modernbert
