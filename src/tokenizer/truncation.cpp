#include "tokenizer/truncation.h"

#include <algorithm>
#include <utility>

#include "core/fail.h"

namespace modernbert {
namespace {

// Closed form of the reference library, not the iterative rule of older versions: an odd token goes to the
// longer text.
KeptLengths longest_first(size_t first, size_t second, size_t capacity) {
  const bool swapped = first > second;
  size_t shorter = std::min(first, second);
  size_t longer = shorter > capacity ? shorter : std::max(shorter, capacity - shorter);
  if (shorter + longer > capacity) {
    shorter = capacity / 2;
    longer = shorter + capacity % 2;
  }
  return swapped ? KeptLengths{longer, shorter} : KeptLengths{shorter, longer};
}

size_t cut_one(size_t length, size_t excess, const char* which) {
  if (length <= excess) {
    fail(ErrorCode::kInvalidArgument,
         "the {} text has {} tokens, want more than the {} to be cut for max_length", which, length, excess);
  }
  return length - excess;
}

}  // namespace

KeptLengths truncated_lengths(size_t first, std::optional<size_t> second, size_t capacity,
                              TruncationStrategy strategy) {
  const size_t total = first + second.value_or(0);
  if (total <= capacity) return {first, second.value_or(0)};
  if (capacity == 0) return {0, 0};
  const size_t excess = total - capacity;
  switch (strategy) {
    case TruncationStrategy::kOnlyFirst:
      return {cut_one(first, excess, "first"), second.value_or(0)};
    case TruncationStrategy::kOnlySecond:
      if (!second)
        fail(ErrorCode::kInvalidArgument, "truncation of the second text only, but there is one text");
      return {first, cut_one(*second, excess, "second")};
    default:
      return second ? longest_first(first, *second, capacity) : KeptLengths{capacity, 0};
  }
}

std::vector<TokenRange> token_windows(size_t length, size_t kept, const EncodeOptions& options) {
  if (length <= kept) return {{0, length}};
  const bool right = options.side == TruncationSide::kRight;
  std::vector<TokenRange> windows = {right ? TokenRange{0, kept} : TokenRange{length - kept, length}};
  if (!options.overflow) return windows;
  if (kept == 0) {  // nothing fits: the reference puts the whole text into one window
    windows.push_back({0, length});
    return windows;
  }
  const auto stride = static_cast<size_t>(options.stride);
  if (stride >= kept) {
    fail(ErrorCode::kInvalidArgument, "stride is {}, want less than the {} tokens of a window", stride, kept);
  }
  const size_t step = kept - stride;
  while (right ? windows.back().end < length : windows.back().begin > 0) {
    if (right) {
      const size_t begin = windows.back().begin + step;
      windows.push_back({begin, std::min(begin + kept, length)});
    } else {
      const size_t end = windows.back().end - step;
      windows.push_back({end > kept ? end - kept : 0, end});
    }
  }
  return windows;
}

}  // namespace modernbert
