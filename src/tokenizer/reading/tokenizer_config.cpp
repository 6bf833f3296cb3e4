#include "tokenizer/reading/tokenizer_config.h"

#include "core/fail.h"

namespace modernbert {
namespace {

// Larger values mean "no limit": Python writes 1e30.
constexpr double kNoLimit = 1e9;

constexpr const char* kRoles[] = {"mask_token", "cls_token", "sep_token", "pad_token",
                                  "unk_token",  "bos_token", "eos_token"};

AddedToken read_role(const JsonObject& file, const std::string& role, const Json& value) {
  AddedToken token;
  token.normalized = false;
  token.special = true;
  if (value.is_string()) {
    token.content = value.get<std::string>();
    return token;
  }
  const auto fields = file.object(role);
  token.content = fields->string("content", "");
  if (token.content.empty()) fields->reject("content", "the token's text");
  token.lstrip = fields->boolean("lstrip", false);
  token.rstrip = fields->boolean("rstrip", false);
  token.single_word = fields->boolean("single_word", false);
  token.normalized = fields->boolean("normalized", false);
  return token;
}

// Roles that an earlier file set stay.
void read_roles(const JsonObject& file, TokenizerConfig& config) {
  for (const std::string role : kRoles) {
    const Json* value = file.find(role);
    if (value != nullptr) config.roles.emplace(role, read_role(file, role, *value));
  }
}

std::optional<int32_t> read_model_max_length(const JsonObject& file) {
  if (!file.has("model_max_length")) return std::nullopt;
  const double length = file.number("model_max_length", 0);
  if (!(length >= 1)) file.reject("model_max_length", "a number from 1 on");
  if (length >= kNoLimit) return std::nullopt;
  return static_cast<int32_t>(length);
}

std::optional<bool> read_optional_boolean(const JsonObject& file, const std::string& name) {
  if (!file.has(name)) return std::nullopt;
  return file.boolean(name, false);
}

}  // namespace

TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder) {
  TokenizerConfig config;
  const auto config_path = folder / "tokenizer_config.json";
  if (const auto json = read_json_file_if_exists(config_path)) {
    const JsonObject file(*json, config_path.string());
    read_roles(file, config);
    config.model_max_length = read_model_max_length(file);
    config.add_prefix_space = read_optional_boolean(file, "add_prefix_space");
    config.do_lower_case = file.boolean("do_lower_case", true);
    config.strip_accents = read_optional_boolean(file, "strip_accents");
    config.tokenize_chinese_chars = file.boolean("tokenize_chinese_chars", true);
  }
  const auto map_path = folder / "special_tokens_map.json";
  if (const auto json = read_json_file_if_exists(map_path))
    read_roles(JsonObject(*json, map_path.string()), config);
  return config;
}

}  // namespace modernbert
