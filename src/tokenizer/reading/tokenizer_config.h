// What tokenizer_config.json and special_tokens_map.json say beside the tokenizer itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/json.h"
#include "tokenizer/added_vocabulary.h"

namespace modernbert {

struct TokenizerConfig {
  // By role ("mask_token", "cls_token", …): the token, with the flags of an added token where the file gives
  // them.
  std::map<std::string, AddedToken> roles;
  std::optional<int32_t> model_max_length;
  std::optional<bool> add_prefix_space;
  // For folders with only a vocab.txt.
  bool do_lower_case = true;
  std::optional<bool> strip_accents;
  bool tokenize_chinese_chars = true;
};

// Files that are not there leave the defaults.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder);

}  // namespace modernbert
