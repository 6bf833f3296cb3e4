// A thread's memory of how words were split: a fixed table in which a new word replaces the one in its slot.
//
// One table per thread serves all models (slots name theirs), so nothing is locked and memory is bounded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "tokenizer/subword_model.h"

namespace modernbert {

class WordCache {
 public:
  // The calling thread's table.
  static WordCache& local();
  // A number that no other model has had.
  static uint32_t new_model_number();

  struct Key {
    std::string_view word;
    uint32_t model;
    uint64_t hash;
  };
  static Key make_key(std::string_view word, uint32_t model);

  // Appends the word's tokens if they are known.
  bool find(const Key& key, std::vector<Subword>& out) const;
  // Longer words and words of more tokens than a slot holds are not stored.
  void store(const Key& key, std::span<const Subword> tokens);

 private:
  static constexpr size_t kSlots = size_t{1} << 15;
  static constexpr size_t kMaxWord = 26;
  static constexpr size_t kMaxTokens = 6;

  struct alignas(64) Slot {  // one cache line
    uint32_t model;          // 0 = free
    uint8_t word_length;
    uint8_t token_count;
    std::array<char, kMaxWord> word;
    std::array<int32_t, kMaxTokens> ids;
    std::array<uint8_t, kMaxTokens> lengths;
  };

  WordCache();
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace modernbert
