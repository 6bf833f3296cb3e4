// Merges the symbols of one word: always the pair of lowest rank, the leftmost of equals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tokenizer/merge_table.h"
#include "tokenizer/subword_model.h"

namespace modernbert {

// Scratch memory of one thread; reused from word to word.
class SymbolMerger {
 public:
  void clear() { symbols_.clear(); }
  void add(int32_t id, uint32_t length) {
    const auto index = static_cast<int32_t>(symbols_.size());
    symbols_.push_back({id, length, index - 1, index + 1});
  }
  bool empty() const { return symbols_.empty(); }
  // Merges as long as any pair merges, then appends what is left.
  void merge(const MergeTable& merges, std::vector<Subword>& out);

 private:
  struct Symbol {
    int32_t id;
    uint32_t length;  // 0 = merged into a symbol to its left
    int32_t previous;
    int32_t next;  // symbols_.size() or more = none
  };
  struct Candidate {
    int32_t rank;
    int32_t position;  // of the left symbol
    int32_t id;        // of the merged symbol
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  bool has(int32_t position) const {
    return position >= 0 && static_cast<size_t>(position) < symbols_.size();
  }
  void push_candidate(const MergeTable& merges, int32_t left);
  void apply(const MergeTable& merges, const Candidate& candidate);

  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;  // min-heap
};

}  // namespace modernbert
