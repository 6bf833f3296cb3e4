// Whole tokenizers from files.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/pipeline.h"
#include "tokenizer/reading/tokenizer_config.h"

namespace modernbert {

// source: what error messages call the text.
Pipeline read_tokenizer_json(std::string_view json, const std::string& source, const TokenizerConfig& config);
// BERT's older format: one token a line, its id the line number.
Pipeline read_vocab_txt(std::string_view text, const std::string& source, const TokenizerConfig& config);

}  // namespace modernbert
