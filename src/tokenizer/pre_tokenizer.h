// Pre-tokenizers of tokenizer.json: cut a text into the words that the model then splits by itself.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"

namespace modernbert {

// A text and its words: non-empty ranges in order, not necessarily adjacent.
struct WordSplit {
  explicit WordSplit(AlignedView whole) : text(whole) {}
  AlignedText text;
  std::vector<ByteRange> words;
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Cuts the words further. as_words: the text is one of several given words, so byte-level puts a space
  // before it.
  virtual void apply(WordSplit& split, bool as_words) const = 0;
};

using PreTokenizerPtr = std::shared_ptr<const PreTokenizer>;

// What becomes of a character that separates words.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

struct ByteLevelOptions {
  bool add_prefix_space = true;
  bool use_regex = true;
  // Rewrite each byte as its character of GPT-2's alphabet; off when the model reads the bytes themselves.
  bool to_alphabet = true;
};

PreTokenizerPtr make_byte_level(const ByteLevelOptions& options);
PreTokenizerPtr make_bert_pre_tokenizer();
PreTokenizerPtr make_whitespace();        // \w+|[^\w\s]+
PreTokenizerPtr make_whitespace_split();  // cut at white space
PreTokenizerPtr make_punctuation(SplitBehavior behavior);
PreTokenizerPtr make_digits(bool individual);
PreTokenizerPtr make_pre_tokenizer_sequence(std::vector<PreTokenizerPtr> steps);

}  // namespace modernbert
