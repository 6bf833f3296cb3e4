#include "tasks/windows.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "core/check.h"
#include "core/fail.h"
#include "core/logging.h"

namespace modernbert {
namespace {

int32_t text_room(const Tokenizer& tokenizer, const WindowOptions& options, bool pair) {
  const int32_t special = tokenizer.special_token_count(pair);
  if (options.max_length <= special) {
    fail(ErrorCode::kInvalidArgument, "max_length is {}: no room for text beside {} special tokens",
         options.max_length, special);
  }
  return options.max_length - special;
}

// room: text tokens of a window that may overlap.
int32_t fitting_overlap(const WindowOptions& options, int32_t room) {
  const int32_t half = std::max(0, room) / 2;
  if (options.overlap_rule == OverlapRule::kAtMostHalf) return std::min(options.overlap, half);
  if (options.overlap < room) return options.overlap;
  if (options.overlap_rule == OverlapRule::kIfItFits) return half;
  fail(ErrorCode::kInvalidArgument,
       "an overlap of {} tokens leaves no room in windows with {} tokens of text", options.overlap, room);
}

TextWindows take_windows(Encoding&& encoding, int32_t overlap) {
  TextWindows text;
  text.overlap = overlap;
  std::vector<Encoding> rest = std::move(encoding.overflowing);
  encoding.overflowing.clear();
  text.windows.reserve(1 + rest.size());
  text.windows.push_back(std::move(encoding));
  std::move(rest.begin(), rest.end(), std::back_inserter(text.windows));
  return text;
}

// kError refuses the first text that was cut; kTruncate warns once for all of them.
void report_cuts(std::span<const TextWindows> texts, const WindowOptions& options) {
  if (options.mode == LongInput::kChunk) return;
  int64_t tokens_cut = 0;
  size_t texts_cut = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const Encoding& window = texts[i].windows.front();
    if (window.tokens_cut == 0) continue;
    if (options.mode == LongInput::kError) {
      fail(ErrorCode::kInvalidArgument, "text {} has {} tokens, want at most {}", i,
           window.ids.size() + window.tokens_cut, options.max_length);
    }
    tokens_cut += window.tokens_cut;
    ++texts_cut;
  }
  if (texts_cut > 0) {
    log_warning("{} of {} texts were cut to {} tokens: {} tokens lost", texts_cut, texts.size(),
                options.max_length, tokens_cut);
  }
}

int32_t count_tokens(const Tokenizer& tokenizer, std::string_view text) {
  return static_cast<int32_t>(tokenizer.encode(text, {.add_special_tokens = false}).ids.size());
}

// Windows over one text of the pair while the other stays whole in each of them.
TextWindows chunk_pair(const Tokenizer& tokenizer, std::string_view first, std::string_view second,
                       const WindowOptions& options, int32_t room, size_t index) {
  const int32_t first_tokens = count_tokens(tokenizer, first);
  const int32_t second_tokens = count_tokens(tokenizer, second);
  TruncationStrategy side = options.pair_side;
  if (side == TruncationStrategy::kLongestFirst) {
    side = first_tokens > second_tokens ? TruncationStrategy::kOnlyFirst : TruncationStrategy::kOnlySecond;
  }
  const bool window_first = side == TruncationStrategy::kOnlyFirst;
  const int32_t kept = window_first ? second_tokens : first_tokens;
  const bool fits = first_tokens + second_tokens <= room;
  if (!fits && kept >= room) {
    fail(ErrorCode::kInvalidArgument,
         "pair {}: its {} text has {} tokens, which leaves no room in windows of {} tokens", index,
         window_first ? "second" : "first", kept, options.max_length);
  }
  const int32_t overlap = fits ? 0 : fitting_overlap(options, room - kept);
  return take_windows(
      tokenizer.encode_pair(
          first, second,
          {.max_length = options.max_length, .truncation = side, .overflow = true, .stride = overlap}),
      overlap);
}

// First and one-past-last row of the text in a window; the template's tokens stand around it.
struct RowRange {
  int32_t begin = 0;
  int32_t end = 0;
};

RowRange text_rows(const Encoding& window) {
  const auto& special = window.special_tokens_mask;
  const auto begin = std::find(special.begin(), special.end(), 0);
  const auto end = std::find(special.rbegin(), std::make_reverse_iterator(begin), 0).base();
  return {static_cast<int32_t>(begin - special.begin()), static_cast<int32_t>(end - special.begin())};
}

}  // namespace

WindowOptions window_options(const LongInputOptions& options, const Model::Impl& model) {
  if (options.overlap < 0) {
    fail(ErrorCode::kInvalidArgument, "overlap is {}, want 0 or more tokens", options.overlap);
  }
  return {
      .mode = options.mode, .max_length = model.input_limit(options.max_length), .overlap = options.overlap};
}

int32_t count_text_tokens(const Encoding& encoding) {
  return static_cast<int32_t>(
      std::count(encoding.special_tokens_mask.begin(), encoding.special_tokens_mask.end(), 0));
}

std::vector<TextWindows> encode_texts(const Tokenizer& tokenizer, std::span<const std::string> texts,
                                      const WindowOptions& options, int threads) {
  const int32_t room = text_room(tokenizer, options, false);
  const bool chunk = options.mode == LongInput::kChunk;
  const int32_t overlap = chunk ? fitting_overlap(options, room) : 0;
  std::vector<Encoding> encodings = tokenizer.encode_batch(
      texts, {.max_length = options.max_length, .overflow = chunk, .stride = overlap}, threads);
  std::vector<TextWindows> result;
  result.reserve(encodings.size());
  for (Encoding& encoding : encodings) result.push_back(take_windows(std::move(encoding), overlap));
  report_cuts(result, options);
  return result;
}

std::vector<TextWindows> encode_pairs(const Tokenizer& tokenizer, std::span<const std::string> first,
                                      std::span<const std::string> second, const WindowOptions& options) {
  if (first.size() != second.size()) {
    fail(ErrorCode::kInvalidArgument, "{} first texts but {} second texts", first.size(), second.size());
  }
  const int32_t room = text_room(tokenizer, options, true);
  std::vector<TextWindows> result;
  result.reserve(first.size());
  for (size_t i = 0; i < first.size(); ++i) {
    if (options.mode == LongInput::kChunk) {
      result.push_back(chunk_pair(tokenizer, first[i], second[i], options, room, i));
    } else {
      const EncodeOptions encode{.max_length = options.max_length, .truncation = options.pair_side};
      result.push_back(take_windows(tokenizer.encode_pair(first[i], second[i], encode), 0));
    }
  }
  report_cuts(result, options);
  return result;
}

std::vector<Sequence> all_sequences(std::span<const TextWindows> texts, const Model::Impl& model) {
  std::vector<Sequence> sequences;
  for (const TextWindows& text : texts) {
    for (const Encoding& window : text.windows) sequences.push_back(as_sequence(window, model));
  }
  return sequences;
}

std::vector<TokenSource> stitch(const TextWindows& text) {
  constexpr int32_t kNoEdge = std::numeric_limits<int32_t>::max();
  const auto windows = static_cast<int32_t>(text.windows.size());
  std::vector<TokenSource> whole;
  std::vector<int32_t> distance;  // of a text token to the nearest cutting edge of the window chosen so far
  const int32_t prefix = text_rows(text.windows.front()).begin;
  for (int32_t row = 0; row < prefix; ++row) whole.push_back({0, row});

  size_t start = 0;  // of the window's text in the whole text
  for (int32_t w = 0; w < windows; ++w) {
    const RowRange rows = text_rows(text.windows[w]);
    for (int32_t row = rows.begin; row < rows.end; ++row) {
      const size_t token = start + (row - rows.begin);
      MB_CHECK(token <= distance.size());  // windows follow each other without gaps
      const int32_t to_left = w == 0 ? kNoEdge : row - rows.begin;
      const int32_t to_right = w == windows - 1 ? kNoEdge : rows.end - 1 - row;
      const int32_t nearest = std::min(to_left, to_right);
      if (token == distance.size()) {
        distance.push_back(nearest);
        whole.push_back({w, row});
      } else if (nearest > distance[token]) {
        distance[token] = nearest;
        whole[prefix + token] = {w, row};
      }
    }
    start += rows.end - rows.begin - (w == windows - 1 ? 0 : text.overlap);
  }
  const Encoding& last = text.windows.back();
  for (auto row = text_rows(last).end; row < static_cast<int32_t>(last.ids.size()); ++row) {
    whole.push_back({windows - 1, row});
  }
  return whole;
}

}  // namespace modernbert
