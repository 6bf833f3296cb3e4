// Small tokenizers for tests, as text that a test can change.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "modernbert/tokenizer.h"
#include "shared_files.h"

namespace modernbert::testing {

// `base` of data/tokenizers.json: "bytes" (byte-level BPE, 7 added tokens), "word_piece" or "chars" (BPE with
// "##" and "</w>").
inline nlohmann::json small_tokenizer_json(const std::string& base) {
  std::ifstream file(source_dir() / "tests" / "tokenizer" / "data" / "tokenizers.json");
  return nlohmann::json::parse(file)["bases"][base];
}

inline Tokenizer small_tokenizer(const std::string& base) {
  return Tokenizer::from_json(small_tokenizer_json(base).dump(), "tokenizer.json");
}

// A WordPiece vocabulary of a few words, without normalizer or added tokens.
inline nlohmann::json tiny_json() {
  return nlohmann::json::parse(R"({
    "version": "1.0",
    "pre_tokenizer": {"type": "WhitespaceSplit"},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
              "vocab": {"[UNK]": 0, "a": 1, "b": 2, "ab": 3, "##b": 4, "##c": 5}}})");
}

}  // namespace modernbert::testing
