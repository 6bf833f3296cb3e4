#include "tokenizer/merge_table.h"

#include <bit>

#include "core/check.h"

namespace modernbert {

MergeTable::MergeTable(size_t expected_merges)
    : capacity_(expected_merges), mask_(std::bit_ceil(2 * expected_merges + 2) - 1), slots_(mask_ + 1) {}

void MergeTable::add(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = key_of(left, right);
  size_t i = slot_of(key);
  while (slots_[i].key != kFree && slots_[i].key != key) i = (i + 1) & mask_;
  if (slots_[i].key == kFree) {
    MB_CHECK(count_ < capacity_);
    ++count_;
  }
  slots_[i] = {key, merge};
}

}  // namespace modernbert
