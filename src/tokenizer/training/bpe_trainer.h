// Training of byte-level BPE: from word counts to a vocabulary and its merges, the same ones as Hugging
// Face's BpeTrainer makes from the same words.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/training/word_counts.h"

namespace modernbert {

struct BpeTrainingOptions {
  int32_t vocab_size = 0;                   // special tokens and the 256 bytes included
  int64_t min_frequency = 0;                // pairs that occur less often are not merged
  std::vector<std::string> special_tokens;  // ids 0, 1, …
  // Tokens so far, now and then; may be empty.
  std::function<void(int32_t tokens)> progress;
};

struct TrainedBpe {
  size_t special_tokens = 0;                        // the first ids
  std::vector<std::string> tokens;                  // by id; bytes, but for special tokens their text
  std::vector<std::pair<int32_t, int32_t>> merges;  // ids of both parts, by rank
};

// Where the words run out of pairs the vocabulary stays smaller than asked for.
// Error (kInvalidArgument): vocab_size leaves no room for the bytes and special tokens.
TrainedBpe train_bpe(std::span<const WordCount> words, const BpeTrainingOptions& options);

}  // namespace modernbert
