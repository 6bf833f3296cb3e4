// Long inputs: texts become the windows that the model sees. One place for --long error|truncate|chunk.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/tokenizer.h"
#include "tasks/batches.h"

namespace modernbert {

// What becomes of an overlap that is large for a window's text.
enum class OverlapRule {
  kAtMostHalf,  // cut to half of the text
  kIfItFits,    // taken as it is while windows still advance, else half of the text
  kMustFit,     // an error where windows would not advance
};

struct WindowOptions {
  LongInput mode = LongInput::kTruncate;
  int32_t max_length = 0;  // tokens of a window, special ones included
  int32_t overlap = 0;     // text tokens shared by neighbouring windows
  OverlapRule overlap_rule = OverlapRule::kAtMostHalf;
  // Pairs: what truncation cuts. kChunk windows the same text and keeps the other whole; for kLongestFirst
  // the longer one.
  TruncationStrategy pair_side = TruncationStrategy::kLongestFirst;
};

// A caller's options with the model's limit filled in.
WindowOptions window_options(const LongInputOptions& options, const Model::Impl& model);

// One text, or one pair, as at least one encoding.
struct TextWindows {
  std::vector<Encoding> windows;
  int32_t overlap = 0;  // text tokens shared by neighbours
};

// texts[i] gives result [i].   threads: for tokenizing.
// Errors (kInvalidArgument): kError and a text too long; a window without room for text.
std::vector<TextWindows> encode_texts(const Tokenizer& tokenizer, std::span<const std::string> texts,
                                      const WindowOptions& options, int threads);
std::vector<TextWindows> encode_pairs(const Tokenizer& tokenizer, std::span<const std::string> first,
                                      std::span<const std::string> second, const WindowOptions& options);

// The windows of all texts one after another.
std::vector<Sequence> all_sequences(std::span<const TextWindows> texts, const Model::Impl& model);

// A token of the whole text: row `row` of window `window`.
struct TokenSource {
  int32_t window = 0;
  int32_t row = 0;
};

// The encoding that the whole text would have, each token taken from the window where it is most central
// (farthest from an edge that cuts the text); the template's tokens from the first and the last window.
// Single texts only.
std::vector<TokenSource> stitch(const TextWindows& text);

// Tokens that are not the template's.
int32_t count_text_tokens(const Encoding& encoding);

}  // namespace modernbert
