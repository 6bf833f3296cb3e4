// From text to tokens: added tokens out of the raw text, normalisation, added tokens out of the result,
// words, subwords.
#include <limits>
#include <vector>

#include "core/check.h"
#include "core/fail.h"
#include "core/utf8.h"
#include "tokenizer/pipeline.h"

namespace modernbert {
namespace {

constexpr size_t kMaxTextBytes = std::numeric_limits<int32_t>::max();

void check_text(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    fail(ErrorCode::kInvalidArgument, "the text has {} bytes, want at most {}", text.size(), kMaxTextBytes);
  }
  if (const auto byte = find_invalid_utf8(text)) {
    fail(ErrorCode::kInvalidArgument, "invalid UTF-8 at byte {} of the text", *byte);
  }
}

TextSpan to_text_span(ByteSpan span) {
  return {static_cast<int32_t>(span.begin), static_cast<int32_t>(span.end)};
}

// Tokenizes one text (or one given word) and appends to `out`.
class TextTokenizer {
 public:
  TextTokenizer(const Pipeline& pipeline, std::optional<int32_t> given_word, bool keep_tokens,
                TokenizedText& out)
      : pipeline_(pipeline), given_word_(given_word), keep_tokens_(keep_tokens), out_(out) {}

  void run(std::string_view text) {
    const AlignedView whole(text);
    std::vector<AddedVocabulary::Cut> cuts;
    pipeline_.added->cut_raw(text, cuts);
    for (const auto& [range, token] : cuts) {
      if (token != nullptr) {
        add_token(*token, whole.part(range));
      } else {
        add_piece(whole.part(range));
      }
    }
  }

 private:
  void add_piece(AlignedView piece) {
    AlignedText normalized(piece);
    if (pipeline_.normalizer) pipeline_.normalizer->apply(normalized);
    std::vector<AddedVocabulary::Cut> cuts;
    pipeline_.added->cut_normalized(normalized.text(), cuts);
    for (const auto& [range, token] : cuts) {
      if (token != nullptr) {
        add_token(*token, normalized.view().part(range));
      } else {
        add_words(normalized.view().part(range));
      }
    }
  }

  void add_words(AlignedView piece) {
    WordSplit split(piece);
    split.words.push_back({0, piece.text().size()});
    if (pipeline_.pre_tokenizer) pipeline_.pre_tokenizer->apply(split, given_word_.has_value());
    const AlignedView& text = split.text.view();
    for (const ByteRange& word : split.words)
      add_word(text.text().substr(word.begin, word.size()), text, word.begin);
  }

  void add_word(std::string_view word, const AlignedView& text, size_t begin) {
    subwords_.clear();
    pipeline_.model->split(word, subwords_);
    for (const Subword& subword : subwords_) {
      const size_t end = begin + subword.length;
      MB_DCHECK(end <= text.text().size());
      add(subword.id, text.origin(ByteRange{begin, end}));
      if (keep_tokens_) out_.tokens.emplace_back(pipeline_.model->vocabulary().text(subword.id));
      begin = end;
    }
    ++word_;
  }

  void add_token(const AddedToken& token, AlignedView match) {
    if (match.text().empty()) return;
    add(token.id, match.origin(ByteRange{0, match.text().size()}));
    if (keep_tokens_) out_.tokens.emplace_back(match.text());
    ++word_;
  }

  void add(int32_t id, ByteSpan origin) {
    out_.ids.push_back(id);
    out_.word_ids.push_back(given_word_.value_or(word_));
    out_.byte_offsets.push_back(to_text_span(origin));
  }

  const Pipeline& pipeline_;
  std::optional<int32_t> given_word_;
  bool keep_tokens_;
  TokenizedText& out_;
  int32_t word_ = 0;
  std::vector<Subword> subwords_;
};

}  // namespace

TokenizedText tokenize_text(const Pipeline& pipeline, std::string_view text, bool keep_tokens) {
  check_text(text);
  TokenizedText out;
  const size_t expected = text.size() / 4 + 1;
  out.ids.reserve(expected);
  out.word_ids.reserve(expected);
  out.byte_offsets.reserve(expected);
  out.sources = {text};
  TextTokenizer(pipeline, std::nullopt, keep_tokens, out).run(text);
  append_char_offsets(text, out);
  return out;
}

TokenizedText tokenize_words(const Pipeline& pipeline, std::span<const std::string> words, bool keep_tokens) {
  TokenizedText out;
  for (size_t i = 0; i < words.size(); ++i) {
    check_text(words[i]);
    out.sources.emplace_back(words[i]);
    TextTokenizer(pipeline, static_cast<int32_t>(i), keep_tokens, out).run(words[i]);
    append_char_offsets(words[i], out);
  }
  return out;
}

}  // namespace modernbert
