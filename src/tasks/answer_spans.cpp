#include "tasks/answer_spans.h"

#include <algorithm>

#include "core/check.h"
#include "tasks/scores.h"

namespace modernbert {
namespace {

// Softmax over the allowed positions; the others get (as good as) 0.
std::vector<float> probabilities(std::span<const float> logits, std::span<const uint8_t> allowed) {
  constexpr float kForbidden = -10000.0f;
  std::vector<float> result(logits.begin(), logits.end());
  for (size_t i = 0; i < result.size(); ++i) {
    if (!allowed[i]) result[i] = kForbidden;
  }
  softmax(result, result);
  return result;
}

bool better(const AnswerSpan& a, const AnswerSpan& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.first != b.first ? a.first < b.first : a.last < b.last;
}

}  // namespace

WindowAnswers best_spans(std::span<const float> start, std::span<const float> end,
                         std::span<const uint8_t> allowed, int32_t max_tokens, size_t count) {
  MB_CHECK(!start.empty() && start.size() == end.size() && start.size() == allowed.size());
  const std::vector<float> p_start = probabilities(start, allowed);
  const std::vector<float> p_end = probabilities(end, allowed);
  const auto length = static_cast<int32_t>(start.size());
  WindowAnswers answers;
  answers.no_answer = p_start[0] * p_end[0];
  for (int32_t first = 1; first < length; ++first) {
    if (!allowed[first]) continue;
    const int32_t stop = std::min<int64_t>(length, int64_t{first} + max_tokens);
    for (int32_t last = first; last < stop; ++last) {
      const float score = p_start[first] * p_end[last];
      if (allowed[last] && score > 0) answers.spans.push_back({first, last, score});
    }
  }
  count = std::min(count, answers.spans.size());
  std::partial_sort(answers.spans.begin(), answers.spans.begin() + static_cast<ptrdiff_t>(count),
                    answers.spans.end(), better);
  answers.spans.resize(count);
  return answers;
}

}  // namespace modernbert
