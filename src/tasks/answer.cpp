#include "modernbert/answer.h"

#include <utf8proc.h>

#include <algorithm>
#include <string_view>

#include "core/fail.h"
#include "core/utf8.h"
#include "model/heads.h"
#include "tasks/answer_spans.h"
#include "tasks/windows.h"

namespace modernbert {
namespace {

// Hugging Face's default for windows of this task.
constexpr int32_t kWindowTokens = 384;
constexpr int32_t kContext = 1;  // sequence id of the second text

std::string lower_case(std::string_view text) {
  std::string lower;
  for (size_t i = 0; i < text.size();) {
    append_utf8(lower, static_cast<char32_t>(
                           utf8proc_tolower(static_cast<utf8proc_int32_t>(next_code_point(text, i)))));
  }
  return lower;
}

WindowOptions document_windows(const AnswerOptions& options, const Model& model) {
  const int32_t limit = options.max_length == 0 ? std::min(kWindowTokens, model.max_length())
                                                : model.impl().input_limit(options.max_length);
  return {.mode = options.long_input,
          .max_length = limit,
          .overlap = options.doc_stride == 0 ? std::min(128, limit / 2) : options.doc_stride,
          .overlap_rule = options.doc_stride == 0 ? OverlapRule::kIfItFits : OverlapRule::kMustFit,
          .pair_side = TruncationStrategy::kOnlySecond};
}

void check(std::span<const Question> questions, const AnswerOptions& options) {
  if (options.top_k < 1) fail(ErrorCode::kInvalidArgument, "top_k is {}, want at least 1", options.top_k);
  if (options.max_answer_tokens < 1) {
    fail(ErrorCode::kInvalidArgument, "max_answer_tokens is {}, want at least 1", options.max_answer_tokens);
  }
  if (options.doc_stride < 0) {
    fail(ErrorCode::kInvalidArgument, "doc_stride is {}, want 0 or more tokens", options.doc_stride);
  }
  for (size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].question.empty() || questions[i].context.empty()) {
      fail(ErrorCode::kInvalidArgument, "question {} has an empty {}", i,
           questions[i].question.empty() ? "question" : "context");
    }
  }
}

// 1 for context tokens and every [CLS], which stands for "no answer".
std::vector<uint8_t> allowed_tokens(const Encoding& window, std::optional<int32_t> cls_id) {
  std::vector<uint8_t> allowed(window.ids.size());
  for (size_t i = 0; i < allowed.size(); ++i) {
    allowed[i] = window.sequence_ids[i] == kContext || (cls_id && window.ids[i] == *cls_id);
  }
  return allowed;
}

// The context's range from the word of token `first` to that of token `last`, as far as the window holds
// them. offsets: the window's, in code points or bytes.
TextSpan word_range(const Encoding& window, const std::vector<TextSpan>& offsets, const AnswerSpan& span) {
  const auto same_word = [&](int32_t a, int32_t b) {
    return window.sequence_ids[a] == kContext && window.sequence_ids[b] == kContext &&
           window.word_ids[a] == window.word_ids[b];
  };
  int32_t first = span.first;
  while (first > 0 && same_word(first - 1, span.first)) --first;
  int32_t last = span.last;
  while (last + 1 < static_cast<int32_t>(window.ids.size()) && same_word(last + 1, span.last)) ++last;
  return {offsets[first].begin, offsets[last].end};
}

// Answers of one question over its windows; equal texts (up to case) are one answer and add their scores.
class AnswerList {
 public:
  explicit AnswerList(const std::string& context) : context_(context) {}

  void add(const Encoding& window, const AnswerSpan& span) {
    // A literal [CLS] in the question is allowed, but is no answer.
    if (window.sequence_ids[span.first] != kContext || window.sequence_ids[span.last] != kContext) return;
    Answer answer{.score = span.score,
                  .offsets = word_range(window, window.offsets, span),
                  .byte_offsets = word_range(window, window.byte_offsets, span)};
    answer.text =
        context_.substr(answer.byte_offsets.begin, answer.byte_offsets.end - answer.byte_offsets.begin);
    std::string key = lower_case(answer.text);
    const auto same = std::find(keys_.begin(), keys_.end(), key);
    if (same != keys_.end()) {
      answers_[same - keys_.begin()].score += span.score;
    } else {
      answers_.push_back(std::move(answer));
      keys_.push_back(std::move(key));
    }
  }

  std::vector<Answer> best(int count, std::optional<float> no_answer) && {
    if (no_answer) answers_.push_back({.score = *no_answer});
    std::stable_sort(answers_.begin(), answers_.end(),
                     [](const Answer& a, const Answer& b) { return a.score > b.score; });
    if (answers_.size() > static_cast<size_t>(count)) answers_.resize(count);
    return std::move(answers_);
  }

 private:
  const std::string& context_;
  std::vector<Answer> answers_;
  std::vector<std::string> keys_;
};

}  // namespace

struct AnswerQuestions::Impl {
  Model model;
  QuestionAnswerer head;
  explicit Impl(Model m) : model(std::move(m)), head(model.impl().encoder) {}

  // logits: one [L,2] of start and end per window.
  std::vector<Answer> answer(const Question& question, const TextWindows& text,
                             std::span<const Matrix> logits, const AnswerOptions& options) const {
    // Some candidates become equal when they are widened to words, so more are asked for (as Hugging Face
    // does).
    const size_t candidates = static_cast<size_t>(options.top_k) * 2 + 10;
    AnswerList answers(question.context);
    float no_answer = 1e6f;  // the smallest over all windows
    for (size_t w = 0; w < text.windows.size(); ++w) {
      const Encoding& window = text.windows[w];
      std::vector<float> start;
      std::vector<float> end;
      for (int64_t i = 0; i < logits[w].rows(); ++i) {
        start.push_back(logits[w].row(i)[0]);
        end.push_back(logits[w].row(i)[1]);
      }
      const WindowAnswers found = best_spans(start, end, allowed_tokens(window, model.tokenizer().cls_id()),
                                             options.max_answer_tokens, candidates);
      no_answer = std::min(no_answer, found.no_answer);
      for (const AnswerSpan& span : found.spans) answers.add(window, span);
    }
    return std::move(answers).best(
        options.top_k, options.handle_impossible_answer ? std::optional(no_answer) : std::nullopt);
  }
};

AnswerQuestions::AnswerQuestions(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

std::vector<std::vector<Answer>> AnswerQuestions::operator()(std::span<const Question> questions,
                                                             const AnswerOptions& options) const {
  check(questions, options);
  const Model& model = impl_->model;
  std::vector<std::string> first;
  std::vector<std::string> second;
  for (const Question& question : questions) {
    first.push_back(question.question);
    second.push_back(question.context);
  }
  const std::vector<TextWindows> texts =
      encode_pairs(model.tokenizer(), first, second, document_windows(options, model));
  std::vector<Matrix> logits;  // one [L,2] per window
  const std::vector<Sequence> sequences = all_sequences(texts, model.impl());
  run_batches(*model.impl().encoder, sequences, [&](const TokenBatch& batch, Matrix hidden, size_t) {
    for (int32_t b = 0; b < batch.sequences(); ++b) {
      logits.push_back(impl_->head.logits(
          static_cast<const Matrix&>(hidden).view().slice_rows(batch.begin(b), batch.length(b))));
    }
  });

  std::vector<std::vector<Answer>> results;
  size_t window = 0;
  for (size_t i = 0; i < questions.size(); ++i) {
    const auto own = std::span(logits).subspan(window, texts[i].windows.size());
    window += texts[i].windows.size();
    results.push_back(impl_->answer(questions[i], texts[i], own, options));
  }
  return results;
}

}  // namespace modernbert
