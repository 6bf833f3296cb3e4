// Masking for masked language modelling: which tokens are to be predicted, and what stands in their place.
//
// Every decision is a function of (key, position), so it does not depend on the batch that a sequence is in,
// on threads, or on what was drawn before.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "corpus/word_starts.h"
#include "modernbert/tokenizer.h"

namespace modernbert {

struct MaskingOptions {
  double rate = 0.3;          // of the tokens that are not special; of the words with whole_words
  double mask_share = 0.8;    // of the predicted tokens become [MASK],
  double random_share = 0.1;  // these a random token; the rest keep their own. 1 and 0: all become [MASK]
  bool whole_words = false;   // the tokens of a word are predicted together
};

// Thread-safe.
class Masking {
 public:
  // Errors: kInvalidArgument for shares outside [0,1]; kNotFound where the tokenizer has no mask token.
  Masking(const MaskingOptions& options, const Tokenizer& tokenizer);

  // ids: [N], masked in place.   labels: [N], overwritten: the original id where it is predicted, else
  // kNotPredicted. Special tokens are never predicted and never drawn as random ones.
  void apply(uint64_t key, std::span<int32_t> ids, std::span<int32_t> labels) const;

 private:
  int32_t replacement(uint64_t key, size_t position, int32_t id) const;

  MaskingOptions options_;
  int32_t mask_id_;
  std::vector<uint8_t> is_special_;  // [vocabulary]
  std::vector<int32_t> ordinary_;    // ids that are not special
  WordStarts words_;
};

}  // namespace modernbert
