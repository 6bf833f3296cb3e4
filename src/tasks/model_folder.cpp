#include "tasks/model_folder.h"

#include <algorithm>

#include "core/fail.h"
#include "core/json.h"
#include "tasks/sentence_transformers/folder.h"

namespace modernbert {

namespace fs = std::filesystem;

fs::path subfolder(const fs::path& base, const std::string& relative, const std::string& source) {
  const fs::path path(relative);
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end()) {
    fail(ErrorCode::kInvalidFile, "{}: path \"{}\" leaves the model's folder", source, relative);
  }
  return relative.empty() ? base : base / path;
}

fs::path find_encoder_folder(const fs::path& folder) {
  if (fs::exists(folder / "config.json")) return folder;
  for (const ModuleEntry& module : read_modules(folder)) {
    if (module.type == "Transformer") return module.folder;
  }
  return folder;  // loading it names the missing config.json
}

std::optional<fs::path> find_tokenizer_folder(const fs::path& folder, const fs::path& encoder_folder) {
  for (const fs::path& candidate : {encoder_folder, folder}) {
    if (fs::exists(candidate / "tokenizer.json") || fs::exists(candidate / "vocab.txt")) return candidate;
  }
  return std::nullopt;
}

bool tokenizer_gives_type_ids(const fs::path& tokenizer_folder) {
  const auto json = read_json_file_if_exists(tokenizer_folder / "tokenizer_config.json");
  if (!json || !json->is_object()) return true;
  const auto names = json->find("model_input_names");
  return names == json->end() || !names->is_array() ||
         std::find(names->begin(), names->end(), "token_type_ids") != names->end();
}

int32_t longest_input(const fs::path& encoder_folder, const EncoderConfig& config,
                      std::optional<int32_t> tokenizer_limit) {
  const bool table = config.absolute_positions;
  const int32_t trained = config.max_position_embeddings;
  if (const auto max_seq_length = read_transformer_settings(encoder_folder).max_seq_length) {
    return table ? std::min(*max_seq_length, trained) : *max_seq_length;
  }
  return tokenizer_limit ? std::min(*tokenizer_limit, trained) : trained;
}

}  // namespace modernbert
