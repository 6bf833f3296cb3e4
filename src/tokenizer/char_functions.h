// Small loops over the characters of a text that normalisers and pre-tokenizers share.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/utf8.h"
#include "tokenizer/aligned_text.h"

namespace modernbert {

// text: valid UTF-8. call(c) for each character.
template <class Call>
void for_each_char(std::string_view text, Call&& call) {
  for (size_t i = 0; i < text.size();) call(next_code_point(text, i));
}

// True if any character has one of the flags (CharFlag).
bool has_any(std::string_view text, uint16_t flags);

// Bytes of the white space that the text starts with; byte where the white space that ends it starts.
size_t space_run_at_start(std::string_view text);
size_t start_of_space_run_at_end(std::string_view text);

// The lower-case form of each character.
void lower_case_chars(std::string_view text, std::vector<CharChange>& changes);

// Writes prefix + text; the prefix has the origin of the text's first character. text: not empty.
void append_with_prefix(AlignedView text, std::string_view prefix, AlignedTextBuffer& out);

// Characters kept by a filter, as changes: a dropped character counts as removed after the one kept before
// it.
class FilteredChars {
 public:
  void add(char32_t c, bool keep);
  const std::vector<CharChange>& changes() const { return changes_; }
  size_t removed_at_start() const { return removed_at_start_; }

 private:
  std::vector<CharChange> changes_;
  size_t removed_at_start_ = 0;
};

}  // namespace modernbert
