#include "modernbert/rerank.h"

#include <algorithm>
#include <map>
#include <variant>

#include "core/fail.h"
#include "model/heads.h"
#include "modernbert/late_interaction.h"
#include "ops/activations.h"
#include "tasks/sentence_transformers/module_pipeline.h"
#include "tasks/window_logits.h"

namespace modernbert {
namespace {

// What turns a cross-encoder's logit into its score: config_sentence_transformers.json's activation_fn, else
// config.json's sentence_transformers.activation_fn, else its older key, else the sigmoid.
Activation score_activation(const Model& model, const SentenceTransformerConfig& config) {
  if (config.activation) return parse_torch_activation(*config.activation, config.source + ": activation_fn");
  const auto path = model.impl().encoder_folder / "config.json";
  const auto json = read_json_file_if_exists(path).value_or(Json::object());
  const JsonObject fields(json, path.string());
  const std::string legacy = fields.string("sbert_ce_default_activation_function", "");
  const auto nested = fields.object("sentence_transformers");
  const std::string name = nested ? nested->string("activation_fn", legacy) : legacy;
  return name.empty() ? Activation::kSigmoid
                      : parse_torch_activation(name, path.string() + ": activation_fn");
}

// A classification head of one label, or modules that make scores.
class CrossEncoder {
 public:
  explicit CrossEncoder(Model model)
      : model_(std::move(model)),
        tokenizer_(sentence_tokenizer(model_)),
        config_(read_sentence_transformer_config(model_.folder())),
        activation_(score_activation(model_, config_)) {
    const bool has_modules = read_modules(model_.folder()).size() > 1;
    if (has_modules) {
      pipeline_ = ModulePipeline::load(model_.folder(), *model_.impl().encoder, ModuleLevel::kSentence);
      check_labels(pipeline_->width(kScores));
    } else {
      check_labels(model_.config().num_labels);
      head_ = std::make_unique<SequenceClassifier>(model_.impl().encoder);
    }
  }

  // The best window's logit of each pair.
  std::vector<float> logits(std::span<const std::string> queries, std::span<const std::string> documents,
                            const LongInputOptions& long_input) const {
    const std::string prompt = resolve_prompt(config_, std::nullopt, std::nullopt);
    std::vector<std::string> prompted(queries.begin(), queries.end());
    for (std::string& query : prompted) query.insert(0, prompt);
    WindowOptions options = window_options(long_input, model_.impl());
    if (options.mode == LongInput::kChunk) options.pair_side = TruncationStrategy::kOnlySecond;
    const std::vector<TextWindows> pairs = encode_pairs(tokenizer_, prompted, documents, options);
    std::vector<float> best;
    for (const Matrix& rows : window_logits(
             model_.impl(), pairs,
             [this](const TokenBatch&batch, Matrix hidden) { return run(batch, std::move(hidden)); })) {
      best.push_back(*std::max_element(rows.values().begin(), rows.values().end()));
    }
    return best;
  }

  Activation activation() const { return activation_; }

 private:
  void check_labels(int64_t labels) const {
    if (labels != 1) {
      fail(ErrorCode::kUnsupported, "{}: reranking needs one label, this model has {}",
           model_.folder().string(), labels);
    }
  }

  Matrix run(const TokenBatch& batch, Matrix hidden) const {
    if (head_) return head_->logits(batch, hidden.view());
    return pipeline_->run(std::move(hidden), batch.cu_seqlens, {}, kScores);
  }

  Model model_;
  Tokenizer tokenizer_;
  SentenceTransformerConfig config_;
  Activation activation_;
  std::unique_ptr<const SequenceClassifier> head_;  // null where modules make the score
  std::optional<ModulePipeline> pipeline_;
};

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
