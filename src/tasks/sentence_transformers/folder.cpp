#include "tasks/sentence_transformers/folder.h"

#include <array>
#include <utility>

#include "core/fail.h"
#include "tasks/model_folder.h"

namespace modernbert {
namespace {

std::string last_component(const std::string& dotted) {
  return dotted.substr(dotted.rfind('.') + 1);  // npos + 1 is 0: the whole name
}

std::map<std::string, std::string> read_prompts(const JsonObject& config) {
  std::map<std::string, std::string> prompts;
  if (const auto object = config.object("prompts")) {
    // A null text means the same as no entry.
    for (const auto& [name, text] : object->json().items()) {
      if (!text.is_null()) prompts[name] = object->string(name, "");
    }
  }
  return prompts;
}

std::optional<std::string> optional_string(const JsonObject& config, const std::string& name) {
  if (!config.has(name)) return std::nullopt;
  return config.string(name, "");
}

}  // namespace

std::vector<ModuleEntry> read_modules(const std::filesystem::path& folder) {
  const auto path = folder / "modules.json";
  const auto json = read_json_file_if_exists(path);
  std::vector<ModuleEntry> modules;
  if (!json) return modules;
  if (!json->is_array()) {
    fail(ErrorCode::kInvalidFile, "{}: found {}, want a JSON array", path.string(), brief(*json));
  }
  for (const Json& item : *json) {
    const JsonObject entry(item, path.string());
    if (!entry.has("type")) entry.reject("type", "a class name");
    const std::string type = entry.string("type", "");
    modules.push_back(
        {last_component(type), type, subfolder(folder, entry.string("path", ""), path.string())});
  }
  return modules;
}

SentenceTransformerConfig read_sentence_transformer_config(const std::filesystem::path& folder) {
  const auto path = folder / "config_sentence_transformers.json";
  SentenceTransformerConfig config;
  config.source = path.string();
  auto json = read_json_file_if_exists(path);
  if (!json) return config;
  const JsonObject object(*json, config.source);
  config.model_type = object.string("model_type", "");
  config.prompts = read_prompts(object);
  config.default_prompt_name = optional_string(object, "default_prompt_name");
  config.similarity = object.string("similarity_fn_name", config.similarity);
  config.activation = optional_string(object, "activation_fn");
  config.json = std::move(*json);
  return config;
}

TransformerSettings read_transformer_settings(const std::filesystem::path& encoder_folder) {
  const auto path = encoder_folder / "sentence_bert_config.json";
  TransformerSettings settings;
  settings.source = path.string();
  auto json = read_json_file_if_exists(path);
  if (!json) return settings;
  const JsonObject object(*json, settings.source);
  if (object.has("max_seq_length")) {
    settings.max_seq_length = static_cast<int32_t>(object.integer("max_seq_length", 0, 1, kMaxFileLength));
  }
  settings.do_lower_case = object.boolean("do_lower_case", false);
  settings.json = std::move(*json);
  return settings;
}

std::string resolve_prompt(const SentenceTransformerConfig& config,
                           const std::optional<std::string>& prompt_name,
                           const std::optional<std::string>& prompt) {
  if (prompt) return *prompt;
  const auto& name = prompt_name ? prompt_name : config.default_prompt_name;
  if (!name) return "";
  const auto it = config.prompts.find(*name);
  if (it != config.prompts.end()) return it->second;
  if (!prompt_name || *name == "query" || *name == "document") return "";
  std::string known = "query, document";
  for (const auto& [key, text] : config.prompts) {
    if (key != "query" && key != "document") known += ", " + key;
  }
  fail(ErrorCode::kNotFound, "no prompt is named \"{}\", want one of {}", *name, known);
}

Activation parse_torch_activation(const std::string& dotted_name, const std::string& field) {
  static constexpr std::array<std::pair<std::string_view, Activation>, 12> kNames{{
      {"Identity", Activation::kIdentity},
      {"GELU", Activation::kGelu},
      {"SiLU", Activation::kSilu},
      {"ReLU", Activation::kRelu},
      {"ReLU6", Activation::kRelu6},
      {"LeakyReLU", Activation::kLeakyRelu},
      {"ELU", Activation::kElu},
      {"SELU", Activation::kSelu},
      {"Mish", Activation::kMish},
      {"Softplus", Activation::kSoftplus},
      {"Tanh", Activation::kTanh},
      {"Sigmoid", Activation::kSigmoid},
  }};
  const std::string name = last_component(dotted_name);
  std::string choices;
  for (const auto& [known, activation] : kNames) {
    if (name == known) return activation;
    choices += (choices.empty() ? "" : ", ") + std::string(known);
  }
  fail(ErrorCode::kUnsupported, "{} is \"{}\", want a class named {}", field, dotted_name, choices);
}

}  // namespace modernbert
