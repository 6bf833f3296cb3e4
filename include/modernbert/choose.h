// Multiple choice: which continuation fits a prompt best.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"

namespace modernbert {

struct ChoiceQuestion {
  std::string prompt;
  std::vector<std::string> choices;  // at least one
};

struct ChoiceResult {
  int best = 0;
  std::vector<float> logits;  // one per choice
  std::vector<float> scores;  // softmax of the logits
};

// Thread-safe.
class Choose {
 public:
  explicit Choose(Model model);
  // kChunk: windows over the prompt, the choice whole in each; mean of their logits, weighted by their
  // tokens.
  std::vector<ChoiceResult> operator()(std::span<const ChoiceQuestion> questions,
                                       const LongInputOptions& long_input = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
