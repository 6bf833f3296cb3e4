// Counts of pairs of neighbouring symbols, in a hash table made for it: the trainer's inner loop.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace modernbert {

struct SymbolPair {
  int32_t first;
  int32_t second;
  friend auto operator<=>(const SymbolPair&, const SymbolPair&) = default;
};

// Each pair gets an index, 0, 1, … in the order of its first appearance.
class PairCounts {
 public:
  PairCounts();
  uint32_t index_of(SymbolPair pair);  // adds the pair with count 0 where it is new
  SymbolPair pair(uint32_t index) const { return entries_[index].pair; }
  int64_t& count(uint32_t index) { return entries_[index].count; }
  uint32_t size() const { return static_cast<uint32_t>(entries_.size()); }

 private:
  struct Entry {
    SymbolPair pair;
    int64_t count;
  };
  size_t find_slot(SymbolPair pair) const;
  void grow();

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // 1 + index into entries_, 0 = free; linear probing, at most half full
};

}  // namespace modernbert
