// The best answer spans of one window, by the rules of Hugging Face's question-answering pipeline. Knows no
// model.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace modernbert {

// Tokens [first, last] of a window, both included.
struct AnswerSpan {
  int32_t first = 0;
  int32_t last = 0;
  float score = 0;  // probability of the start times that of the end
};

struct WindowAnswers {
  std::vector<AnswerSpan> spans;  // best first; none of probability 0
  float no_answer = 0;            // probability of start and end at token 0
};

// start, end: [L] logits.   allowed: [L], 1 = may be part of an answer; token 0 takes part in the softmax (as
// "no answer") if it is allowed, but never in a span. Spans have at most max_tokens tokens; at most `count`
// are returned.
WindowAnswers best_spans(std::span<const float> start, std::span<const float> end,
                         std::span<const uint8_t> allowed, int32_t max_tokens, size_t count);

}  // namespace modernbert
