// Where words begin among token ids, found from the tokens' texts alone: for masking whole words in shards,
// which hold nothing but ids.
#pragma once

#include <cstdint>
#include <vector>

#include "modernbert/tokenizer.h"

namespace modernbert {

// Byte-level tokens: a word begins with a space, and where the kind of character changes (letters, digits,
// everything else), which is how the ByteLevel pre-tokenizer cuts. WordPiece: at every token without the
// continuing prefix. Immutable, shared by threads.
class WordStarts {
 public:
  explicit WordStarts(const Tokenizer& tokenizer);
  // Whether a word begins at `id` when it follows `before`.
  bool begins(int32_t before, int32_t id) const;

 private:
  enum class Kind : uint8_t { kPart, kLetter, kDigit, kSpace, kOther };  // kPart: a piece of a character
  struct Ends {
    Kind first = Kind::kOther;
    Kind last = Kind::kOther;
    bool always = false;  // begins a word whatever stands before it
    bool never = false;
  };
  static Kind kind_of(const std::string& bytes, size_t at);
  static Ends ends_of(const std::string& bytes);

  std::vector<Ends> ends_;  // [vocabulary]
};

}  // namespace modernbert
