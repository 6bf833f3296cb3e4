// The ByteLevel pre-tokenizer: prefix space, GPT-2's pattern, bytes as characters.
#include <utility>

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/char_functions.h"
#include "tokenizer/gpt2_splitter.h"
#include "tokenizer/pre_tokenizer.h"

namespace modernbert {
namespace {

// Rewrites every word by rewrite(part, buffer) and drops what lies between the words.
template <class Rewrite>
void rewrite_words(WordSplit& split, Rewrite&& rewrite) {
  split.text.rewrite([&](const AlignedView& old, AlignedTextBuffer& out) {
    for (ByteRange& word : split.words) {
      const size_t begin = out.view().text().size();
      rewrite(old.part(word), out);
      word = {begin, out.view().text().size()};
    }
  });
}

void add_prefix_spaces(WordSplit& split) {
  rewrite_words(split, [](const AlignedView& word, AlignedTextBuffer& out) {
    if (word.text().starts_with(' ')) {
      out.append(word);
    } else {
      append_with_prefix(word, " ", out);
    }
  });
}

void bytes_to_alphabet(WordSplit& split) {
  rewrite_words(split, [](const AlignedView& word, AlignedTextBuffer& out) {
    for (size_t i = 0; i < word.text().size(); ++i) {
      out.append(byte_to_char(static_cast<unsigned char>(word.text()[i])), word.origin(i));
    }
  });
}

class ByteLevel : public PreTokenizer {
 public:
  explicit ByteLevel(const ByteLevelOptions& options) : options_(options) {}

  void apply(WordSplit& split, bool as_words) const override {
    if (needs_prefix_spaces(split, as_words)) add_prefix_spaces(split);
    if (options_.use_regex) split_by_pattern(split);
    if (options_.to_alphabet) bytes_to_alphabet(split);
  }

 private:
  bool needs_prefix_spaces(const WordSplit& split, bool as_words) const {
    if (!options_.add_prefix_space && !as_words) return false;
    for (const ByteRange& word : split.words) {
      if (split.text.text()[word.begin] != ' ') return true;
    }
    return false;
  }

  void split_by_pattern(WordSplit& split) const {
    const std::vector<ByteRange> words = std::exchange(split.words, {});
    for (const ByteRange& word : words) {
      const std::string_view text = split.text.text().substr(0, word.end);
      for (size_t begin = word.begin; begin < word.end;) {
        const size_t end = splitter_.match_end(text, begin);
        split.words.push_back({begin, end});
        begin = end;
      }
    }
  }

  ByteLevelOptions options_;
  Gpt2Splitter splitter_;
};

}  // namespace

PreTokenizerPtr make_byte_level(const ByteLevelOptions& options) {
  return std::make_shared<ByteLevel>(options);
}

}  // namespace modernbert
