#include "tokenizer/pre_tokenizer.h"

#include <utility>

#include "core/utf8.h"
#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

struct Piece {
  ByteRange range;
  bool separates;
};

// Alternation of runs of ordinary characters and single separators (those with one of the flags).
std::vector<Piece> pieces_of(std::string_view text, ByteRange word, uint16_t separator_flags) {
  const UnicodeTable& table = UnicodeTable::get();
  std::vector<Piece> pieces;
  size_t run = word.begin;
  for (size_t i = word.begin; i < word.end;) {
    const size_t begin = i;
    if (!table.is(next_code_point(text, i), separator_flags)) continue;
    if (run < begin) pieces.push_back({{run, begin}, false});
    pieces.push_back({{begin, i}, true});
    run = i;
  }
  if (run < word.end) pieces.push_back({{run, word.end}, false});
  return pieces;
}

// Does `piece` join the word that ends with the piece before it?
bool joins_previous(const std::vector<Piece>& pieces, size_t i, SplitBehavior behavior) {
  if (i == 0) return false;
  const bool before = pieces[i - 1].separates;
  const bool here = pieces[i].separates;
  switch (behavior) {
    case SplitBehavior::kContiguous:
      return before == here;
    case SplitBehavior::kMergedWithPrevious:
      return here && !before;
    case SplitBehavior::kMergedWithNext:
      return before && !here;
    default:
      return false;
  }
}

void append_words(const std::vector<Piece>& pieces, SplitBehavior behavior, std::vector<ByteRange>& words) {
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (behavior == SplitBehavior::kRemoved && pieces[i].separates) continue;
    if (joins_previous(pieces, i, behavior)) {
      words.back().end = pieces[i].range.end;
    } else {
      words.push_back(pieces[i].range);
    }
  }
}

class CharSplitter : public PreTokenizer {
 public:
  CharSplitter(uint16_t separator_flags, SplitBehavior behavior)
      : flags_(separator_flags), behavior_(behavior) {}

  void apply(WordSplit& split, bool) const override {
    std::vector<ByteRange> words;
    for (const ByteRange& word : split.words) {
      append_words(pieces_of(split.text.text(), word, flags_), behavior_, words);
    }
    split.words = std::move(words);
  }

 private:
  uint16_t flags_;
  SplitBehavior behavior_;
};

// White space separates and is dropped; every punctuation character is a word of its own.
class BertPreTokenizer : public PreTokenizer {
 public:
  void apply(WordSplit& split, bool) const override {
    const UnicodeTable& table = UnicodeTable::get();
    const std::string_view text = split.text.text();
    std::vector<ByteRange> words;
    for (const ByteRange& word : split.words) {
      size_t run = word.begin;
      for (size_t i = word.begin; i < word.end;) {
        const size_t begin = i;
        const uint16_t flags = table.flags(next_code_point(text, i));
        if ((flags & (kSpace | kPunctuation)) == 0) continue;
        if (run < begin) words.push_back({run, begin});
        if ((flags & kSpace) == 0) words.push_back({begin, i});
        run = i;
      }
      if (run < word.end) words.push_back({run, word.end});
    }
    split.words = std::move(words);
  }
};

class WhitespacePreTokenizer : public PreTokenizer {
 public:
  void apply(WordSplit& split, bool) const override {
    const UnicodeTable& table = UnicodeTable::get();
    const std::string_view text = split.text.text();
    // Classes: word character, white space, anything else. A word is a run of one class other than white
    // space.
    const auto class_of = [&](char32_t c) {
      return table.flags(c) & kWordChar ? 2 : table.is(c, kSpace) ? 0 : 1;
    };
    std::vector<ByteRange> words;
    for (const ByteRange& word : split.words) {
      int previous = 0;
      for (size_t i = word.begin; i < word.end;) {
        const size_t begin = i;
        const int here = class_of(next_code_point(text, i));
        if (here != 0 && here == previous) {
          words.back().end = i;
        } else if (here != 0) {
          words.push_back({begin, i});
        }
        previous = here;
      }
    }
    split.words = std::move(words);
  }
};

class PreTokenizerSequence : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<PreTokenizerPtr> steps) : steps_(std::move(steps)) {}

  void apply(WordSplit& split, bool as_words) const override {
    for (const PreTokenizerPtr& step : steps_) step->apply(split, as_words);
  }

 private:
  std::vector<PreTokenizerPtr> steps_;
};

}  // namespace

PreTokenizerPtr make_bert_pre_tokenizer() {
  return std::make_shared<BertPreTokenizer>();
}
PreTokenizerPtr make_whitespace() {
  return std::make_shared<WhitespacePreTokenizer>();
}
PreTokenizerPtr make_whitespace_split() {
  return std::make_shared<CharSplitter>(kSpace, SplitBehavior::kRemoved);
}
PreTokenizerPtr make_punctuation(SplitBehavior behavior) {
  return std::make_shared<CharSplitter>(kPunctuation, behavior);
}
PreTokenizerPtr make_digits(bool individual) {
  return std::make_shared<CharSplitter>(kNumeric,
                                        individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
}
PreTokenizerPtr make_pre_tokenizer_sequence(std::vector<PreTokenizerPtr> steps) {
  return std::make_shared<PreTokenizerSequence>(std::move(steps));
}

}  // namespace modernbert
