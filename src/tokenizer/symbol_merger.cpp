#include "tokenizer/symbol_merger.h"

#include <algorithm>
#include <functional>

namespace modernbert {

void SymbolMerger::push_candidate(const MergeTable& merges, int32_t left) {
  if (!has(left) || !has(symbols_[left].next)) return;
  const MergeTable::Merge merge = merges.find(symbols_[left].id, symbols_[symbols_[left].next].id);
  if (merge.rank < 0) return;
  heap_.push_back({merge.rank, left, merge.id});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

void SymbolMerger::apply(const MergeTable& merges, const Candidate& candidate) {
  Symbol& left = symbols_[candidate.position];
  if (left.length == 0 || !has(left.next)) return;
  const Symbol right = symbols_[left.next];
  // Either side may have merged with a third symbol since the candidate was found.
  if (merges.find(left.id, right.id).id != candidate.id) return;
  symbols_[left.next].length = 0;
  left.id = candidate.id;
  left.length += right.length;
  left.next = right.next;
  if (has(right.next)) symbols_[right.next].previous = candidate.position;
  push_candidate(merges, left.previous);
  push_candidate(merges, candidate.position);
}

void SymbolMerger::merge(const MergeTable& merges, std::vector<Subword>& out) {
  heap_.clear();
  for (size_t i = 0; i + 1 < symbols_.size(); ++i) push_candidate(merges, static_cast<int32_t>(i));
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const Candidate candidate = heap_.back();
    heap_.pop_back();
    apply(merges, candidate);
  }
  for (const Symbol& symbol : symbols_) {
    if (symbol.length != 0) out.push_back({symbol.id, symbol.length});
  }
}

}  // namespace modernbert
