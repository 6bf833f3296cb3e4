#include "modernbert/choose.h"

#include "core/fail.h"
#include "model/heads.h"
#include "tasks/scores.h"
#include "tasks/window_logits.h"

namespace modernbert {

struct Choose::Impl {
  Model model;
  MultipleChoice head;
  explicit Impl(Model m) : model(std::move(m)), head(model.impl().encoder) {}
};

Choose::Choose(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

std::vector<ChoiceResult> Choose::operator()(std::span<const ChoiceQuestion> questions,
                                             const LongInputOptions& long_input) const {
  const Model& model = impl_->model;
  std::vector<std::string> prompts;
  std::vector<std::string> choices;
  for (size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].choices.empty()) {
      fail(ErrorCode::kInvalidArgument, "question {} has no choices, want at least one", i);
    }
    prompts.insert(prompts.end(), questions[i].choices.size(), questions[i].prompt);
    choices.insert(choices.end(), questions[i].choices.begin(), questions[i].choices.end());
  }
  WindowOptions options = window_options(long_input, model.impl());
  if (options.mode == LongInput::kChunk) options.pair_side = TruncationStrategy::kOnlyFirst;
  const std::vector<TextWindows> texts = encode_pairs(model.tokenizer(), prompts, choices, options);
  const std::vector<Matrix> logits =
      window_logits(model.impl(), texts, [this](const TokenBatch& batch, const Matrix& hidden) {
        return impl_->head.logits(batch, hidden.view());
      });

  std::vector<ChoiceResult> results;
  size_t text = 0;
  for (const ChoiceQuestion& question : questions) {
    ChoiceResult result;
    for (size_t i = 0; i < question.choices.size(); ++i, ++text) {
      result.logits.push_back(mean_over_windows(texts[text], logits[text].view()).front());
    }
    result.scores.resize(result.logits.size());
    softmax(result.logits, result.scores);
    result.best = static_cast<int>(argmax(result.scores));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace modernbert
