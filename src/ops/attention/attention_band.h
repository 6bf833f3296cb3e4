// Which queries see which keys, as bits: key j is seen by query i where j < visible and |i - j| <= window
// (any distance for a negative window). Without branches, since kernels ask in their inner loops: a branch
// there costs more than the bits, and GCC 12 moves what its registers hold around it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace modernbert {

// Bits [begin, end), as far as they are among the first 63.
constexpr uint64_t bit_range(int64_t begin, int64_t end) {
  const auto bits_below = [](int64_t bit) { return (uint64_t{1} << std::clamp<int64_t>(bit, 0, 63)) - 1; };
  return bits_below(end) & ~bits_below(begin);
}

// How far a query sees; no text is as long as what stands for "any distance".
constexpr int64_t attention_reach(int64_t window) {
  constexpr int64_t kFar = int64_t{1} << 40;
  return window < 0 ? kFar : std::min(window, kFar);
}

// Bit i, i < 63: query `query` + i sees the key.
constexpr uint64_t queries_seeing(int64_t key, int64_t query, int64_t visible, int64_t window) {
  const int64_t reach = attention_reach(window);
  const int64_t all_or_none = (visible - key) * 64;  // no less than 64, or no more than 0
  return bit_range(key - reach - query, std::min(key + reach + 1 - query, all_or_none));
}

// Of 32 keys those that each of 16 queries sees. From one query to the next the range moves by one key.
class SeenKeys {
 public:
  constexpr SeenKeys(int64_t query, int64_t key, int64_t visible, int64_t window)
      : range_(bit_range(kQueries + query - attention_reach(window) - key,
                         kQueries + query + attention_reach(window) + 1 - key)),
        visible_(static_cast<uint32_t>(bit_range(0, visible - key))) {}

  // Bit j: query `query` + row sees key `key` + j.   row: 0 to 15.
  constexpr uint32_t of_row(int64_t row) const {
    return static_cast<uint32_t>(range_ >> (kQueries - row)) & visible_;
  }

 private:
  static constexpr int64_t kQueries = 16;
  uint64_t range_;  // bit kQueries + j: the first query sees key j, were they all visible
  uint32_t visible_;
};

}  // namespace modernbert
