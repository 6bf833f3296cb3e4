// The JSON files of a sentence-transformers folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "modernbert/config.h"

namespace modernbert {

// The most tokens that a file may want of a text.
inline constexpr int32_t kMaxFileLength = 1 << 24;

// An entry of modules.json.
struct ModuleEntry {
  std::string type;              // last component of the dotted class name: "Pooling"
  std::string dotted_type;       // as the file has it
  std::filesystem::path folder;  // the module's own files
};

// Empty where there is no modules.json.
std::vector<ModuleEntry> read_modules(const std::filesystem::path& folder);

// config_sentence_transformers.json; all defaults where there is none.
struct SentenceTransformerConfig {
  std::string model_type;
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt_name;
  std::string similarity = "cosine";
  std::optional<std::string> activation;  // dotted path: what a cross-encoder applies to its logit
  Json json = Json::object();             // the whole file, for the fields of one kind of model
  std::string source;
};
SentenceTransformerConfig read_sentence_transformer_config(const std::filesystem::path& folder);

// sentence_bert_config.json, which lies beside the encoder's config.json.
struct TransformerSettings {
  std::optional<int32_t> max_seq_length;
  bool do_lower_case = false;
  Json json = Json::object();
  std::string source;
};
TransformerSettings read_transformer_settings(const std::filesystem::path& encoder_folder);

// The text to put in front of every input.
// prompt wins over prompt_name, which wins over the default; "query" and "document" are known names even
// where the folder has no text for them.   Error (kNotFound) for another unknown name.
std::string resolve_prompt(const SentenceTransformerConfig& config,
                           const std::optional<std::string>& prompt_name,
                           const std::optional<std::string>& prompt);

// A class name such as "torch.nn.modules.activation.Tanh". Error (kUnsupported) names `field` and the
// choices.
Activation parse_torch_activation(const std::string& dotted_name, const std::string& field);

}  // namespace modernbert
