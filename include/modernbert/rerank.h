// Reranking of documents for a query: cross-encoders (a classification head or sentence-transformers
// modules), or MaxSim where the folder is a ColBERT model.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"

namespace modernbert {

struct RankedDocument {
  int32_t index = 0;  // position in the input
  float score = 0;
};

struct RerankOptions {
  bool raw_scores = false;  // the logit itself instead of the model's activation
  // kChunk: the best window of the document, the query whole in each. ColBERT models have their own lengths:
  // only the mode counts, and kChunk keeps the vectors of all windows.
  LongInputOptions long_input;
};

// Thread-safe.
class Rerank {
 public:
  // Error{kUnsupported} for a head with more than one label.
  explicit Rerank(Model model);
  // Highest score first; ties keep the input's order.
  std::vector<RankedDocument> operator()(const std::string& query, std::span<const std::string> documents,
                                         const RerankOptions& options = {}) const;
  // Scores of (query, document) pairs in their order.
  std::vector<float> scores(std::span<const std::pair<std::string, std::string>> pairs,
                            const RerankOptions& options = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
