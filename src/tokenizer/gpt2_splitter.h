// GPT-2's splitting pattern, by hand:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"
#include "tokenizer/unicode.h"

namespace modernbert {

class Gpt2Splitter {
 public:
  Gpt2Splitter();
  // End of the match that starts at `begin` < text.size(). Matches cover the whole text.
  size_t match_end(std::string_view text, size_t begin) const;

 private:
  struct Class {
    uint16_t flag;  // kLetter, kNumber, kSpace or 0 for everything else
    size_t length;  // bytes of the character
  };
  Class class_at(std::string_view text, size_t at) const;
  size_t run_end(std::string_view text, size_t begin, uint16_t flag) const;
  size_t space_end(std::string_view text, size_t begin) const;

  const UnicodeTable& table_;
};

}  // namespace modernbert
