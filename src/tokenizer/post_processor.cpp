#include "tokenizer/post_processor.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

constexpr char32_t kSpaceInAlphabet = 0x120;  // how the byte alphabet writes a space

bool is_space(char32_t c) {
  return c == kSpaceInAlphabet || UnicodeTable::get().is(c, kSpace);
}

struct EndSpaces {
  int32_t leading = 0;
  int32_t trailing = 0;
};

EndSpaces count_end_spaces(std::string_view token) {
  EndSpaces spaces;
  bool only_spaces = true;
  for (size_t i = 0; i < token.size();) {
    const bool space = is_space(next_code_point(token, i));
    only_spaces = only_spaces && space;
    if (only_spaces) ++spaces.leading;
    spaces.trailing = space ? spaces.trailing + 1 : 0;
  }
  return spaces;
}

// Byte position `count` characters after (or, if negative, before) `byte`.
int32_t move_by_chars(std::string_view text, int32_t byte, int32_t count) {
  const auto is_continuation = [&](int32_t at) {
    return static_cast<size_t>(at) < text.size() &&
           (static_cast<unsigned char>(text[static_cast<size_t>(at)]) & 0xC0) == 0x80;
  };
  for (; count > 0; --count) {
    do ++byte;
    while (is_continuation(byte));
  }
  for (; count < 0; ++count) {
    do --byte;
    while (is_continuation(byte));
  }
  return byte;
}

// index: the token's place in its window.
void trim(const OffsetTrim& rule, std::string_view token, std::string_view source, size_t index,
          TextSpan& chars, TextSpan& bytes) {
  EndSpaces spaces = count_end_spaces(token);
  const TextSpan old = chars;
  if (spaces.leading > 0) {
    const bool starts_text = index == 0 || chars.begin == 0;
    if (starts_text && rule.add_prefix_space && spaces.leading == 1) spaces.leading = 0;
    chars.begin = std::min(chars.begin + spaces.leading, chars.end);
  }
  if (spaces.trailing > 0 && chars.end >= spaces.trailing) {
    chars.end = std::max(chars.end - spaces.trailing, chars.begin);
  }
  bytes.begin = move_by_chars(source, bytes.begin, chars.begin - old.begin);
  bytes.end = move_by_chars(source, bytes.end, chars.end - old.end);
}

template <class T>
void append_range(std::vector<T>& to, const std::vector<T>& from, TokenRange range) {
  to.insert(to.end(), from.begin() + static_cast<ptrdiff_t>(range.begin),
            from.begin() + static_cast<ptrdiff_t>(range.end));
}

void append_special(const TemplatePiece& piece, bool with_tokens, Encoding& out) {
  const size_t size = out.ids.size() + piece.ids.size();
  out.ids.insert(out.ids.end(), piece.ids.begin(), piece.ids.end());
  out.type_ids.resize(size, piece.type_id);
  out.offsets.resize(size);
  out.byte_offsets.resize(size);
  out.special_tokens_mask.resize(size, 1);
  out.sequence_ids.resize(size, -1);
  out.word_ids.resize(size, -1);
  if (with_tokens) out.tokens.insert(out.tokens.end(), piece.tokens.begin(), piece.tokens.end());
}

void append_text(const TemplatePiece& piece, const TextWindow& window, const std::vector<OffsetTrim>& trims,
                 bool with_tokens, Encoding& out) {
  const TokenizedText& text = *window.text;
  const size_t first = out.ids.size();
  const size_t size = first + window.range.size();
  append_range(out.ids, text.ids, window.range);
  append_range(out.offsets, text.offsets, window.range);
  append_range(out.byte_offsets, text.byte_offsets, window.range);
  append_range(out.word_ids, text.word_ids, window.range);
  out.type_ids.resize(size, window.is_overflow ? piece.overflow_type_id : piece.type_id);
  out.special_tokens_mask.resize(size, 0);
  out.sequence_ids.resize(size, piece.kind == TemplatePiece::kFirst ? 0 : 1);
  if (with_tokens) append_range(out.tokens, text.tokens, window.range);
  for (const OffsetTrim& rule : trims) {
    for (size_t i = 0; i < window.range.size(); ++i) {
      const size_t token = window.range.begin + i;
      trim(rule, text.tokens[token], text.source_of(token), i, out.offsets[first + i],
           out.byte_offsets[first + i]);
    }
  }
}

}  // namespace

size_t special_token_count(const Template& pieces) {
  size_t count = 0;
  for (const TemplatePiece& piece : pieces) count += piece.ids.size();
  return count;
}

Encoding assemble(const Template& pieces, const std::vector<OffsetTrim>& trims, const TextWindow& first,
                  const TextWindow& second, bool with_tokens) {
  Encoding encoding;
  for (const TemplatePiece& piece : pieces) {
    if (piece.kind == TemplatePiece::kSpecial) {
      append_special(piece, with_tokens, encoding);
    } else {
      append_text(piece, piece.kind == TemplatePiece::kFirst ? first : second, trims, with_tokens, encoding);
    }
  }
  return encoding;
}

}  // namespace modernbert
