#include "tokenizer/added_vocabulary.h"

#include <algorithm>

#include "tokenizer/char_functions.h"
#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

bool is_word_char_before(std::string_view text, size_t end) {
  if (end == 0) return false;
  size_t i = end - 1;
  while (i > 0 && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) --i;
  return UnicodeTable::get().is(next_code_point(text, i), kWordChar);
}

bool is_word_char_at(std::string_view text, size_t begin) {
  return begin < text.size() && UnicodeTable::get().is(next_code_point(text, begin), kWordChar);
}

}  // namespace

AddedVocabulary::AddedVocabulary(std::vector<AddedToken> tokens, const Normalizer* normalizer)
    : tokens_(std::move(tokens)) {
  std::vector<std::pair<std::string_view, int32_t>> raw, normalized;
  normalized_contents_.reserve(tokens_.size());  // string_views into it must stay valid
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    normalized_contents_.push_back(token.normalized ? normalized_string(normalizer, token.content)
                                                    : token.content);
    by_content_.emplace(token.content, i);
    by_id_.emplace(token.id, i);
    auto& entries = token.normalized ? normalized : raw;
    if (!normalized_contents_[i].empty())
      entries.emplace_back(normalized_contents_[i], static_cast<int32_t>(i));
  }
  raw_ = ByteTrie(std::move(raw));
  normalized_ = ByteTrie(std::move(normalized));
}

const AddedToken* AddedVocabulary::find(std::string_view content) const {
  const auto it = by_content_.find(content);
  return it == by_content_.end() ? nullptr : &tokens_[it->second];
}

const AddedToken* AddedVocabulary::find(int32_t id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &tokens_[it->second];
}

std::string_view AddedVocabulary::decoded_content(const AddedToken& token) const {
  return normalized_contents_[static_cast<size_t>(&token - tokens_.data())];
}

void AddedVocabulary::cut(std::string_view text, const ByteTrie& trie, std::vector<Cut>& cuts) const {
  size_t done = 0;
  for (size_t i = 0; i < text.size() && !trie.empty();) {
    const ByteTrie::Match match = trie.may_start(text[i]) ? trie.longest(text, i) : ByteTrie::Match{};
    if (match.value == ByteTrie::kNone) {
      ++i;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<size_t>(match.value)];
    ByteRange range{i, i + match.length};
    i = range.end;  // the search goes on after the token itself, even where it is discarded or widened
    if (token.single_word && (is_word_char_before(text, range.begin) || is_word_char_at(text, range.end)))
      continue;
    if (token.lstrip) range.begin = std::max(start_of_space_run_at_end(text.substr(0, range.begin)), done);
    if (range.begin >= range.end) continue;  // lies in the white space that the token before it took
    if (token.rstrip) range.end += space_run_at_start(text.substr(range.end));
    if (done < range.begin) cuts.push_back({{done, range.begin}, nullptr});
    cuts.push_back({range, &token});
    done = range.end;
  }
  if (done != text.size()) cuts.push_back({{done, text.size()}, nullptr});
}

}  // namespace modernbert
