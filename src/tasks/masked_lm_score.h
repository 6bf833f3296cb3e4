// How well a model predicts masked tokens of texts: what `evaluate mlm` reports.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "corpus/masking.h"
#include "modernbert/model.h"

namespace modernbert {

// Sums over the predicted tokens.
struct MaskedLmScore {
  double loss = 0;  // nats
  int64_t tokens = 0;
  int64_t correct = 0;  // the likeliest token is the right one
  // UTF-8 bytes that the predicted tokens stand for: loss / bytes compares models of different tokenizers.
  int64_t bytes = 0;
  int64_t documents = 0;

  MaskedLmScore& operator+=(const MaskedLmScore& other);
};

struct MaskedLmScoreOptions {
  MaskingOptions masking{.rate = 0.15};
  uint64_t seed = 0;
  int32_t max_length =
      0;  // of the windows that long texts are cut into, special tokens included; 0 = the model's
};

// Immutable, thread-safe.
class MaskedLmScorer {
 public:
  // Error{kNotFound} where the folder has no tokenizer, no [MASK] or no masked-LM head; kInvalidArgument for
  // a length that the model cannot take.
  MaskedLmScorer(Model model, const MaskedLmScoreOptions& options);

  // first_document: the number of texts[0] among all documents; with the seed it decides the masks, so that
  // the sum does not depend on how the documents are split over calls. A text is read in windows, none is
  // cut.
  MaskedLmScore operator()(std::span<const std::string> texts, uint64_t first_document) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
