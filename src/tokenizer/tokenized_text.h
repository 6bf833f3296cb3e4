// A text's tokens before special tokens are added and anything is cut.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modernbert/tokenizer.h"
#include "tokenizer/aligned_text.h"

namespace modernbert {

// Arrays are [tokens]. Offsets are relative to the text, or to the given word.
struct TokenizedText {
  std::vector<int32_t> ids;
  std::vector<int32_t> word_ids;
  std::vector<TextSpan> byte_offsets;
  std::vector<TextSpan> offsets;    // code points
  std::vector<std::string> tokens;  // empty unless asked for
  // Text that each token's offsets refer to; one entry for all tokens, or (given words) one a word.
  std::vector<std::string_view> sources;

  std::string_view source_of(size_t token) const {
    return sources.size() == 1 ? sources[0] : sources[static_cast<size_t>(word_ids[token])];
  }
};

// Appends the code point offsets of byte_offsets[offsets.size()…], which refer to `source` and start and end
// at characters.
void append_char_offsets(std::string_view source, TokenizedText& text);

}  // namespace modernbert
