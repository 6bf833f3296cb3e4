#include "modernbert/classify.h"

#include <algorithm>

#include "core/fail.h"
#include "model/heads.h"
#include "tasks/prepared_texts.h"
#include "tasks/scores.h"
#include "tasks/window_logits.h"

namespace modernbert {
namespace {

// What Hugging Face's pipeline applies where the caller does not say.
ScoreFunction default_function(const EncoderConfig& config) {
  if (config.problem_type == ProblemType::kRegression) return ScoreFunction::kNone;
  if (config.problem_type == ProblemType::kMultiLabel || config.num_labels == 1)
    return ScoreFunction::kSigmoid;
  return ScoreFunction::kSoftmax;
}

void apply_function(ScoreFunction function, std::span<float> logits) {
  if (function == ScoreFunction::kSoftmax) softmax(logits, logits);
  if (function == ScoreFunction::kSigmoid)
    std::transform(logits.begin(), logits.end(), logits.begin(), sigmoid);
}

}  // namespace

struct Classify::Impl {
  Model model;
  SequenceClassifier head;

  explicit Impl(Model m) : model(std::move(m)), head(model.impl().encoder) {}

  std::vector<std::vector<LabelScore>> label(std::span<const TextWindows> texts,
                                             const ClassifyOptions& options) const {
    const EncoderConfig& config = model.config();
    const ScoreFunction function = options.function.value_or(default_function(config));
    const std::vector<Matrix> logits = window_logits(
        model.impl(), texts,
        [this](const TokenBatch& batch, const Matrix& hidden) { return head.logits(batch, hidden.view()); });
    std::vector<std::vector<LabelScore>> results(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      std::vector<float> scores = mean_over_windows(texts[i], logits[i].view());
      apply_function(function, scores);
      for (const int32_t label : top_indices(scores, scores.size())) {
        results[i].push_back({config.id2label[label], scores[label]});
      }
    }
    return results;
  }
};

Classify::Classify(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

std::vector<std::vector<LabelScore>> Classify::operator()(std::span<const std::string> texts,
                                                          const ClassifyOptions& options) const {
  return run(prepare(texts, options), options);
}

std::vector<std::vector<LabelScore>> Classify::operator()(std::span<const std::string> texts,
                                                          std::span<const std::string> second,
                                                          const ClassifyOptions& options) const {
  return run(prepare(texts, second, options), options);
}

PreparedTexts Classify::prepare(std::span<const std::string> texts, const ClassifyOptions& options,
                                int threads) const {
  const Model& model = impl_->model;
  const WindowOptions window = window_options(options.long_input, model.impl());
  return make_prepared(
      {.windows = encode_texts(model.tokenizer(), texts, window, threads == 0 ? model.threads() : threads)});
}

PreparedTexts Classify::prepare(std::span<const std::string> texts, std::span<const std::string> second,
                                const ClassifyOptions& options) const {
  const Model& model = impl_->model;
  const WindowOptions window = window_options(options.long_input, model.impl());
  return make_prepared({.windows = encode_pairs(model.tokenizer(), texts, second, window)});
}

std::vector<std::vector<LabelScore>> Classify::run(const PreparedTexts& prepared,
                                                   const ClassifyOptions& options) const {
  return impl_->label(prepared.impl().windows, options);
}

}  // namespace modernbert
