#include "tokenizer/char_functions.h"

#include "tokenizer/unicode.h"

namespace modernbert {

bool has_any(std::string_view text, uint16_t flags) {
  const UnicodeTable& table = UnicodeTable::get();
  for (size_t i = 0; i < text.size();) {
    if (table.is(next_code_point(text, i), flags)) return true;
  }
  return false;
}

size_t space_run_at_start(std::string_view text) {
  const UnicodeTable& table = UnicodeTable::get();
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    if (!table.is(next_code_point(text, i), kSpace)) return begin;
  }
  return text.size();
}

size_t start_of_space_run_at_end(std::string_view text) {
  const UnicodeTable& table = UnicodeTable::get();
  size_t end = text.size();
  while (end > 0) {
    size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    size_t i = begin;
    if (!table.is(next_code_point(text, i), kSpace)) break;
    end = begin;
  }
  return end;
}

void lower_case_chars(std::string_view text, std::vector<CharChange>& changes) {
  const UnicodeTable& table = UnicodeTable::get();
  for_each_char(text, [&](char32_t c) {
    const LowerCase lower = table.is(c, kHasLowercase) ? lower_case(c) : LowerCase{c, 0};
    changes.push_back({lower.first, 0});
    if (lower.second != 0) changes.push_back({lower.second, 1});
  });
}

void append_with_prefix(AlignedView text, std::string_view prefix, AlignedTextBuffer& out) {
  const ByteSpan first = text.origin(size_t{0});
  for_each_char(prefix, [&](char32_t c) { out.append(c, first); });
  out.append(text);
}

void FilteredChars::add(char32_t c, bool keep) {
  if (keep) {
    changes_.push_back({c, 0});
  } else if (changes_.empty()) {
    ++removed_at_start_;
  } else {
    --changes_.back().change;
  }
}

}  // namespace modernbert
