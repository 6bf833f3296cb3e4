// A trained vocabulary as the files of a tokenizer folder.
#pragma once

#include <filesystem>
#include <string>

#include "tokenizer/training/bpe_trainer.h"

namespace modernbert {

// ModernBERT's special tokens, in the order of their ids.
std::vector<std::string> modernbert_special_tokens();

// tokenizer.json with ModernBERT's pipeline: NFC, ByteLevel, [CLS] text [SEP]; [MASK] takes the space before
// it. The special tokens must be modernbert_special_tokens().
std::string tokenizer_json(const TrainedBpe& trained);
// model_max_length: tokens, special ones included.
std::string tokenizer_config_json(int model_max_length);

// Both files, each written aside and renamed; the folder is made where it is missing.
void write_tokenizer_files(const std::filesystem::path& folder, const TrainedBpe& trained,
                           int model_max_length);

}  // namespace modernbert
