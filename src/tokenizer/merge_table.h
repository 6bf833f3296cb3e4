// The merges of a BPE model: pair of ids -> rank and id of the merged token, in a flat hash table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace modernbert {

class MergeTable {
 public:
  struct Merge {
    int32_t rank = -1;  // lower merges first; -1 = the pair does not merge
    int32_t id = -1;
  };

  explicit MergeTable(size_t expected_merges);
  // A later merge of the same pair replaces the earlier one.
  void add(int32_t left, int32_t right, Merge merge);
  Merge find(int32_t left, int32_t right) const {
    const uint64_t key = key_of(left, right);
    for (size_t i = slot_of(key);; i = (i + 1) & mask_) {
      if (slots_[i].key == key) return slots_[i].merge;
      if (slots_[i].key == kFree) return {};
    }
  }

 private:
  static constexpr uint64_t kFree = ~uint64_t{0};  // no pair: ids are not negative
  struct Slot {
    uint64_t key = kFree;
    Merge merge;
  };

  static uint64_t key_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  size_t slot_of(uint64_t key) const { return ((key * 0x9E3779B97F4A7C15u) >> 24) & mask_; }

  size_t capacity_;  // merges that fit at half load
  size_t count_ = 0;
  size_t mask_;  // slots - 1, a power of two less one
  std::vector<Slot> slots_;
};

}  // namespace modernbert
