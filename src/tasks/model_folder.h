// Where the parts of a model lie in its folder, and how long its inputs may be.
#pragma once

#include <filesystem>
#include <optional>

#include "modernbert/config.h"

namespace modernbert {

// The folder itself if it holds a config.json, else the path of the Transformer that its modules.json names.
std::filesystem::path find_encoder_folder(const std::filesystem::path& folder);

// The encoder's folder or the model's, whichever holds a tokenizer; nullopt if none does.
std::optional<std::filesystem::path> find_tokenizer_folder(const std::filesystem::path& folder,
                                                           const std::filesystem::path& encoder_folder);

// False where tokenizer_config.json's model_input_names leave token_type_ids out.
bool tokenizer_gives_type_ids(const std::filesystem::path& tokenizer_folder);

// sentence_bert_config.json's max_seq_length, else the smaller of the tokenizer's limit and
// max_position_embeddings.
int32_t longest_input(const std::filesystem::path& encoder_folder, const EncoderConfig& config,
                      std::optional<int32_t> tokenizer_limit);

// base / relative, where `relative` comes from a model's file. Error (kInvalidFile) if it would leave `base`.
std::filesystem::path subfolder(const std::filesystem::path& base, const std::string& relative,
                                const std::string& source);

}  // namespace modernbert
