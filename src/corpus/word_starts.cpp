#include "corpus/word_starts.h"

#include <algorithm>

#include "core/check.h"
#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace modernbert {
namespace {

// Pieces of characters, at the ends of a window, become letters, so that the splitter can read the text.
void repair(std::string& text) {
  for (size_t begin = 0; begin < text.size();) {
    const auto bad = find_invalid_utf8(std::string_view(text).substr(begin));
    if (!bad) return;
    text[begin + *bad] = 'a';
    begin += *bad;
  }
}

}  // namespace

WordStarts::WordStarts(const Tokenizer& tokenizer)
    : byte_level_(tokenizer.tokens_hold_spaces()),
      bytes_(tokenizer.vocab_size()),
      continues_(tokenizer.vocab_size()) {
  const std::string_view prefix = tokenizer.continuing_subword_prefix();
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.is_special(id)) continue;
    const std::string token = tokenizer.id_to_token(id);
    if (byte_level_) bytes_[id] = text_to_bytes(token).value_or(token);
    continues_[id] = !prefix.empty() && token.starts_with(prefix);
  }
}

void WordStarts::find(std::span<const int32_t> ids, std::span<uint8_t> starts) const {
  MB_CHECK(ids.size() == starts.size());
  if (!byte_level_) {
    for (size_t i = 0; i < ids.size(); ++i) starts[i] = !continues_[ids[i]];
    return;
  }
  for (size_t begin = 0; begin < ids.size();) {
    size_t end = begin;
    while (end < ids.size() && !bytes_[ids[end]].empty()) ++end;
    find_in_run(ids.subspan(begin, end - begin), starts.subspan(begin, end - begin));
    for (; end < ids.size() && bytes_[ids[end]].empty(); ++end) starts[end] = 1;
    begin = end;
  }
}

// ids: byte-level tokens without special ones between them.
void WordStarts::find_in_run(std::span<const int32_t> ids, std::span<uint8_t> starts) const {
  std::string text;
  for (const int32_t id : ids) text += bytes_[id];
  repair(text);
  std::fill(starts.begin(), starts.end(), uint8_t{0});
  size_t token = 0, token_begin = 0;
  for (size_t word = 0; word < text.size(); word = splitter_.match_end(text, word)) {
    while (token_begin < word) token_begin += bytes_[ids[token++]].size();
    if (token_begin == word) starts[token] = 1;
  }
}

}  // namespace modernbert
