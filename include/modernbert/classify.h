// Sequence classification: single label, several labels, regression.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"
#include "modernbert/prepared_texts.h"

namespace modernbert {

enum class ScoreFunction { kSoftmax, kSigmoid, kNone };

struct ClassifyOptions {
  // Unset: by problem_type (single label: softmax, several: sigmoid, regression: none); where the config has
  // none, one label means sigmoid and more mean softmax, as in Hugging Face's pipeline.
  std::optional<ScoreFunction> function;
  // kChunk: mean of the windows' logits, weighted by their tokens; of a pair the longer text is windowed.
  LongInputOptions long_input;
};

struct LabelScore {
  std::string label;
  float score = 0;
};

// Thread-safe.
class Classify {
 public:
  explicit Classify(Model model);
  // One entry per text: all labels, highest score first.
  std::vector<std::vector<LabelScore>> operator()(std::span<const std::string> texts,
                                                  const ClassifyOptions& options = {}) const;
  // Pairs: second[i] is the second text of texts[i].
  std::vector<std::vector<LabelScore>> operator()(std::span<const std::string> texts,
                                                  std::span<const std::string> second,
                                                  const ClassifyOptions& options = {}) const;
  // The call in two steps, see prepared_texts.h.   threads: for tokenizing; 0 = the model's.
  PreparedTexts prepare(std::span<const std::string> texts, const ClassifyOptions& options = {},
                        int threads = 0) const;
  PreparedTexts prepare(std::span<const std::string> texts, std::span<const std::string> second,
                        const ClassifyOptions& options = {}) const;
  std::vector<std::vector<LabelScore>> run(const PreparedTexts& prepared,
                                           const ClassifyOptions& options = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
