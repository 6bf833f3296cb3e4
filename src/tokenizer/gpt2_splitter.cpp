#include "tokenizer/gpt2_splitter.h"

#include <array>

#include "core/utf8.h"

namespace modernbert {
namespace {

constexpr uint16_t kClassMask = kLetter | kNumber | kSpace;

constexpr std::array<uint8_t, 0x80> ascii_classes() {
  std::array<uint8_t, 0x80> classes{};
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kLetter;
  for (int c = '0'; c <= '9'; ++c) classes[c] = kNumber;
  for (int c = '\t'; c <= '\r'; ++c) classes[c] = kSpace;
  classes[' '] = kSpace;
  return classes;
}
constexpr std::array<uint8_t, 0x80> kAsciiClasses = ascii_classes();

// Length of 's 't 'm 'd 're 've 'll at `at`, or 0.
size_t contraction_length(std::string_view text, size_t at) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  const char first = text[at + 1];
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  const char second = at + 2 < text.size() ? text[at + 2] : '\0';
  const bool two = ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
  return two ? 3 : 0;
}

}  // namespace

Gpt2Splitter::Gpt2Splitter() : table_(UnicodeTable::get()) {}

Gpt2Splitter::Class Gpt2Splitter::class_at(std::string_view text, size_t at) const {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {kAsciiClasses[byte], 1};
  size_t end = at;
  const char32_t c = next_code_point(text, end);
  return {static_cast<uint16_t>(table_.flags(c) & kClassMask), end - at};
}

size_t Gpt2Splitter::run_end(std::string_view text, size_t begin, uint16_t flag) const {
  size_t end = begin;
  while (end < text.size()) {
    const Class next = class_at(text, end);
    if (next.flag != flag) break;
    end += next.length;
  }
  return end;
}

// A run of white space before other text gives its last character back, so that it can lead the next match.
size_t Gpt2Splitter::space_end(std::string_view text, size_t begin) const {
  size_t last = begin;
  size_t end = begin;
  while (end < text.size()) {
    const Class next = class_at(text, end);
    if (next.flag != kSpace) return last > begin ? last : end;
    last = end;
    end += next.length;
  }
  return end;
}

size_t Gpt2Splitter::match_end(std::string_view text, size_t begin) const {
  if (const size_t length = contraction_length(text, begin)) return begin + length;
  const Class first = class_at(text, begin);
  if (first.flag != kSpace) return run_end(text, begin + first.length, first.flag);
  if (text[begin] == ' ' && begin + 1 < text.size()) {
    const Class second = class_at(text, begin + 1);
    if (second.flag != kSpace) return run_end(text, begin + 1 + second.length, second.flag);
  }
  return space_end(text, begin);
}

}  // namespace modernbert
