#include "corpus/word_starts.h"

#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

// The character that starts at bytes[at] is whole.
bool is_whole(std::string_view bytes, size_t at) {
  const auto first = static_cast<unsigned char>(bytes[at]);
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return at + length <= bytes.size() && !find_invalid_utf8(bytes.substr(at, length));
}

}  // namespace

WordStarts::Kind WordStarts::kind_of(const std::string& bytes, size_t at) {
  if (!is_whole(bytes, at)) return Kind::kPart;
  const char32_t c = next_code_point(bytes, at);
  const UnicodeTable& table = UnicodeTable::get();
  if (table.is(c, kLetter)) return Kind::kLetter;
  if (table.is(c, kNumber)) return Kind::kDigit;
  return table.is(c, kSpace) ? Kind::kSpace : Kind::kOther;
}

WordStarts::Ends WordStarts::ends_of(const std::string& bytes) {
  Ends ends;
  ends.first = kind_of(bytes, 0);
  size_t last = bytes.size() - 1;
  while (last > 0 && (static_cast<unsigned char>(bytes[last]) & 0xC0) == 0x80) --last;
  ends.last = kind_of(bytes, last);
  // A space that leads a word belongs to it.
  ends.always = ends.first == Kind::kSpace && ends.last != Kind::kSpace;
  return ends;
}

WordStarts::WordStarts(const Tokenizer& tokenizer) : ends_(tokenizer.vocab_size()) {
  const std::string_view prefix = tokenizer.continuing_subword_prefix();
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string token = tokenizer.id_to_token(id);
    if (token.empty()) continue;
    if (tokenizer.is_special(id)) {
      ends_[id].always = true;
    } else if (tokenizer.tokens_hold_spaces()) {
      ends_[id] = ends_of(text_to_bytes(token).value_or(token));
    } else {
      ends_[id].never = !prefix.empty() && token.starts_with(prefix);
      ends_[id].always = !ends_[id].never;
    }
  }
}

bool WordStarts::begins(int32_t before, int32_t id) const {
  const Ends &left = ends_[before], &right = ends_[id];
  if (right.always) return true;
  if (right.never || left.last == Kind::kPart || right.first == Kind::kPart) return false;
  return left.last != right.first;
}

}  // namespace modernbert
