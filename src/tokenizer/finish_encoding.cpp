// From tokens to encodings: truncation, special tokens, overflow windows.
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

// Window pairs after the main one (0, 0), in the reference's order: each further window of the first text
// with all of the second's, then the first text's main window with the second's further ones.
std::vector<std::pair<size_t, size_t>> overflow_order(size_t first_count, size_t second_count) {
  std::vector<std::pair<size_t, size_t>> order;
  for (size_t i = 1; i < first_count; ++i) {
    for (size_t k = 0; k < second_count; ++k) order.emplace_back(i, k);
  }
  for (size_t k = 1; k < second_count; ++k) order.emplace_back(0, k);
  return order;
}

void check_options(const EncodeOptions& options) {
  if (options.stride < 0) fail(ErrorCode::kInvalidArgument, "stride is {}, want 0 or more", options.stride);
}

}  // namespace

bool needs_tokens(const Pipeline& pipeline, const EncodeOptions& options) {
  return options.tokens || !pipeline.post_processor.trims.empty();
}

Encoding finish_encoding(const Pipeline& pipeline, const TokenizedText& first, const TokenizedText* second,
                         const EncodeOptions& options) {
  check_options(options);
  const PostProcessor& rules = pipeline.post_processor;
  const Template& pieces = options.add_special_tokens ? (second ? rules.pair : rules.single)
                                                      : (second ? rules.bare_pair : rules.bare_single);
  const auto second_length = second ? std::optional(second->ids.size()) : std::nullopt;
  const Windows windows = cut_into_windows(first.ids.size(), second_length,
                                           text_capacity(options, special_token_count(pieces)), options);
  const auto make = [&](size_t i, size_t k) {
    const TextWindow a{&first, windows.first[i], i > 0};
    const TextWindow b{second, windows.second[k], k > 0};
    Encoding encoding = assemble(pieces, rules.trims, a, b, options.tokens);
    const size_t held = windows.first[i].size() + windows.second[k].size();
    encoding.tokens_cut = static_cast<int>(first.ids.size() + second_length.value_or(0) - held);
    return encoding;
  };
  Encoding encoding = make(0, 0);
  for (const auto& [i, k] : overflow_order(windows.first.size(), windows.second.size())) {
    encoding.overflowing.push_back(make(i, k));
  }
  return encoding;
}

}  // namespace modernbert
