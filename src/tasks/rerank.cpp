#include "modernbert/rerank.h"

#include <algorithm>
#include <map>
#include <variant>

#include "modernbert/late_interaction.h"
#include "ops/rowwise/activations.h"
#include "tasks/cross_encoder.h"

namespace modernbert {
namespace {

// MaxSim of each pair; equal queries are encoded once.
std::vector<float> maxsim_scores(const LateInteraction& model, std::span<const std::string> queries,
                                 std::span<const std::string> documents, LongInput mode) {
  std::map<std::string, size_t> index;
  std::vector<std::string> distinct;
  for (const std::string& query : queries) {
    if (index.emplace(query, distinct.size()).second) distinct.push_back(query);
  }
  const LongInput query_mode = mode == LongInput::kChunk ? LongInput::kTruncate : mode;
  const std::vector<MultiVector> query_vectors = model.encode_queries(distinct, query_mode);
  const std::vector<MultiVector> document_vectors = model.encode_documents(documents, mode);
  std::vector<float> scores;
  for (size_t i = 0; i < documents.size(); ++i) {
    scores.push_back(maxsim(query_vectors[index.at(queries[i])], document_vectors[i]));
  }
  return scores;
}

using Scorer = std::variant<CrossEncoder, LateInteraction>;

Scorer make_scorer(Model model) {
  if (LateInteraction::describes(model)) return LateInteraction(std::move(model));
  return CrossEncoder(std::move(model));
}

}  // namespace

struct Rerank::Impl {
  Scorer scorer;
  explicit Impl(Model model) : scorer(make_scorer(std::move(model))) {}

  std::vector<float> scores(std::span<const std::string> queries, std::span<const std::string> documents,
                            const RerankOptions& options) const {
    if (const auto* model = std::get_if<LateInteraction>(&scorer)) {
      return maxsim_scores(*model, queries, documents, options.long_input.mode);
    }
    const auto& model = std::get<CrossEncoder>(scorer);
    std::vector<float> scores = model.logits(queries, documents, options.long_input);
    if (!options.raw_scores) apply_activation(model.activation(), scores, scores);
    return scores;
  }
};

Rerank::Rerank(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

std::vector<RankedDocument> Rerank::operator()(const std::string& query,
                                               std::span<const std::string> documents,
                                               const RerankOptions& options) const {
  const std::vector<std::string> queries(documents.size(), query);
  const std::vector<float> scores = impl_->scores(queries, documents, options);
  std::vector<RankedDocument> ranked;
  for (size_t i = 0; i < scores.size(); ++i) ranked.push_back({static_cast<int32_t>(i), scores[i]});
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const RankedDocument& a, const RankedDocument& b) { return a.score > b.score; });
  return ranked;
}

std::vector<float> Rerank::scores(std::span<const std::pair<std::string, std::string>> pairs,
                                  const RerankOptions& options) const {
  std::vector<std::string> queries;
  std::vector<std::string> documents;
  for (const auto& [query, document] : pairs) {
    queries.push_back(query);
    documents.push_back(document);
  }
  return impl_->scores(queries, documents, options);
}

}  // namespace modernbert
