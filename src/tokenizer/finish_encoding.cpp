// From tokens to encodings: truncation, special tokens, overflow windows.
#include <algorithm>

#include "core/fail.h"
#include "tokenizer/pipeline.h"

namespace modernbert {
namespace {

// Text tokens that fit beside the special ones; nullopt = no limit.
std::optional<size_t> text_capacity(const EncodeOptions& options, size_t specials) {
  if (options.max_length == 0) return std::nullopt;
  if (options.max_length < 0 || static_cast<size_t>(options.max_length) < specials) {
    fail(ErrorCode::kInvalidArgument, "max_length is {}, want at least the {} special tokens",
         options.max_length, specials);
  }
  return static_cast<size_t>(options.max_length) - specials;
}

struct Windows {
  std::vector<TokenRange> first;
  std::vector<TokenRange> second;  // one empty window if there is no second text
};

Windows cut_into_windows(size_t first, std::optional<size_t> second, std::optional<size_t> capacity,
                         const EncodeOptions& options) {
  KeptLengths kept{first, second.value_or(0)};
  if (capacity) kept = truncated_lengths(first, second, *capacity, options.truncation);
  return {token_windows(first, kept.first, options), token_windows(second.value_or(0), kept.second, options)};
}

struct WindowPair {
  size_t first;
  size_t second;
};

// Window pairs after the main one (0, 0), in the reference's order: each further window of the text that the
// template has first with all windows of the other, then its main window with the other's further ones.
std::vector<WindowPair> overflow_order(const Template& pieces, const Windows& windows) {
  const auto is_text = [](const TemplatePiece& piece) { return piece.kind != TemplatePiece::kSpecial; };
  const auto outer = std::find_if(pieces.begin(), pieces.end(), is_text);
  const bool swapped = outer != pieces.end() && outer->kind == TemplatePiece::kSecond;
  const size_t outer_count = swapped ? windows.second.size() : windows.first.size();
  const size_t inner_count = swapped ? windows.first.size() : windows.second.size();
  std::vector<WindowPair> order;
  const auto add = [&](size_t o, size_t i) {
    order.push_back(swapped ? WindowPair{i, o} : WindowPair{o, i});
  };
  for (size_t o = 1; o < outer_count; ++o) {
    for (size_t i = 0; i < inner_count; ++i) add(o, i);
  }
  for (size_t i = 1; i < inner_count; ++i) add(0, i);
  return order;
}

// The reference compares the stride with the capacity of a single text, whatever is encoded.
void check_stride(const EncodeOptions& options, const PostProcessor& rules) {
  if (options.stride < 0) fail(ErrorCode::kInvalidArgument, "stride is {}, want 0 or more", options.stride);
  const int capacity = options.max_length - static_cast<int>(special_token_count(rules.single));
  if (options.overflow && options.max_length > 0 && capacity >= 0 && options.stride > capacity) {
    fail(ErrorCode::kInvalidArgument, "stride is {}, want at most the {} text tokens that max_length leaves",
         options.stride, capacity);
  }
}

}  // namespace

bool needs_tokens(const Pipeline& pipeline, const EncodeOptions& options) {
  return options.tokens || !pipeline.post_processor.trims.empty();
}

Encoding finish_encoding(const Pipeline& pipeline, const TokenizedText& first, const TokenizedText* second,
                         const EncodeOptions& options) {
  const PostProcessor& rules = pipeline.post_processor;
  const Template& pieces = options.add_special_tokens ? (second ? rules.pair : rules.single)
                                                      : (second ? rules.bare_pair : rules.bare_single);
  const auto second_length = second ? std::optional(second->ids.size()) : std::nullopt;
  const auto capacity = text_capacity(options, special_token_count(pieces));
  check_stride(options, rules);
  const Windows windows = cut_into_windows(first.ids.size(), second_length, capacity, options);
  const auto make = [&](size_t i, size_t k) {
    const TextWindow a{&first, windows.first[i], i > 0};
    const TextWindow b{second, windows.second[k], k > 0};
    Encoding encoding = assemble(pieces, rules.trims, a, b, options.tokens);
    const size_t held = windows.first[i].size() + windows.second[k].size();
    encoding.tokens_cut = static_cast<int>(first.ids.size() + second_length.value_or(0) - held);
    return encoding;
  };
  Encoding encoding = make(0, 0);
  for (const auto& [i, k] : overflow_order(pieces, windows)) encoding.overflowing.push_back(make(i, k));
  return encoding;
}

}  // namespace modernbert
