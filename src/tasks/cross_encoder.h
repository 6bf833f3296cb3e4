// A model that reads query and document together and gives the pair one score.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/heads.h"
#include "modernbert/model.h"
#include "tasks/sentence_transformers/module_pipeline.h"
#include "tasks/windows.h"

namespace modernbert {

// A classification head of one label, or modules that make scores. Error (kUnsupported) where there are
// several labels.
class CrossEncoder {
 public:
  explicit CrossEncoder(Model model);

  // The best window's logit of each pair.
  std::vector<float> logits(std::span<const std::string> queries, std::span<const std::string> documents,
                            const LongInputOptions& long_input) const;

  // What makes a score of a logit.
  Activation activation() const { return activation_; }

 private:
  void check_labels(int64_t labels) const;
  Matrix run(const TokenBatch& batch, Matrix hidden) const;

  Model model_;
  Tokenizer tokenizer_;
  SentenceTransformerConfig config_;
  Activation activation_;
  std::unique_ptr<const SequenceClassifier> head_;  // null where modules make the score
  std::optional<ModulePipeline> pipeline_;
};

}  // namespace modernbert
