// Byte-pair encoding: a word's symbols are merged in the order of the merges' ranks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tokenizer/subword_model.h"

namespace modernbert {

struct BpeOptions {
  std::string unknown_token;  // empty = none: what is not in the vocabulary vanishes
  std::string continuing_prefix;
  std::string end_of_word_suffix;
  bool fuse_unknown = false;
  bool byte_fallback = false;  // unknown characters become tokens <0x41>
  bool ignore_merges = false;  // a word that is a token is that token
};

using MergeRule = std::pair<std::string, std::string>;

// Errors (kInvalidFile): a merge whose parts or result are not in the vocabulary, an unknown token that is
// not. `source` is what they call the file.
SubwordModelPtr make_bpe(Vocabulary vocabulary, const std::vector<MergeRule>& merges,
                         const BpeOptions& options, const std::string& source);

// True if the vocabulary has the byte alphabet's character of every byte that valid UTF-8 can contain, and no
// option treats the first or last symbol of a word specially: then the model can read bytes instead of their
// characters.
bool bpe_covers_bytes(const Vocabulary& vocabulary, const BpeOptions& options);
SubwordModelPtr make_byte_bpe(Vocabulary vocabulary, const std::vector<MergeRule>& merges,
                              const BpeOptions& options, const std::string& source);

}  // namespace modernbert
