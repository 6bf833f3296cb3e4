// WordPiece: the longest token that starts the word, then the longest continuation, and so on.
#pragma once

#include <string>

#include "tokenizer/subword_model.h"

namespace modernbert {

struct WordPieceOptions {
  std::string unknown_token = "[UNK]";
  std::string continuing_prefix = "##";
  size_t max_chars_per_word = 100;  // longer words are unknown as a whole
};

// Error (kInvalidFile) if the unknown token is not in the vocabulary; `source` is what it calls the file.
SubwordModelPtr make_word_piece(Vocabulary vocabulary, const WordPieceOptions& options,
                                const std::string& source);

}  // namespace modernbert
