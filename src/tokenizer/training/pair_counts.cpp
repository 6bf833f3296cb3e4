#include "tokenizer/training/pair_counts.h"

#include "core/random.h"

namespace modernbert {
namespace {

constexpr size_t kFirstSlots = size_t{1} << 16;

}  // namespace

PairCounts::PairCounts() : slots_(kFirstSlots) {}

size_t PairCounts::find_slot(SymbolPair pair) const {
  const uint64_t key = static_cast<uint64_t>(pair.first) << 32 | static_cast<uint32_t>(pair.second);
  const size_t mask = slots_.size() - 1;
  size_t slot = random_hash(key, 0) & mask;
  while (slots_[slot] != 0 && entries_[slots_[slot] - 1].pair != pair) slot = (slot + 1) & mask;
  return slot;
}

uint32_t PairCounts::index_of(SymbolPair pair) {
  const size_t slot = find_slot(pair);
  if (slots_[slot] != 0) return slots_[slot] - 1;
  entries_.push_back({pair, 0});
  slots_[slot] = size();
  const uint32_t index = size() - 1;
  if (2 * entries_.size() > slots_.size()) grow();
  return index;
}

void PairCounts::grow() {
  slots_.assign(2 * slots_.size(), 0);
  for (uint32_t i = 0; i < size(); ++i) slots_[find_slot(entries_[i].pair)] = i + 1;
}

}  // namespace modernbert
