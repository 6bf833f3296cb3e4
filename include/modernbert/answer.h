// Extractive question answering over contexts of any length (overlapping windows), as Hugging Face's
// pipeline.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"

namespace modernbert {

struct Question {
  std::string question;
  std::string context;
};

struct AnswerOptions {
  int top_k = 1;
  int max_answer_tokens = 15;
  bool handle_impossible_answer = false;  // "no answer" (an empty text) may be among the answers
  // Tokens shared by neighbouring windows of the context; 0 = min(128, max_length / 2), or less beside a long
  // question. One that leaves a window no room is an error.
  int doc_stride = 0;
  int max_length = 0;  // tokens of a window; 0 = min(384, Model::max_length())
  // kChunk (the natural one here) uses document windows; kTruncate and kError look at the first window only.
  LongInput long_input = LongInput::kChunk;
};

struct Answer {
  float score = 0;
  std::string text;       // empty = no answer
  TextSpan offsets;       // code points of the context
  TextSpan byte_offsets;  // UTF-8 bytes of the context
};

// Thread-safe.
class AnswerQuestions {
 public:
  explicit AnswerQuestions(Model model);
  // One list per question, best first, at most top_k. Answers are widened to whole words; equal ones (up to
  // case) are merged. Empty questions and contexts are errors (kInvalidArgument).
  std::vector<std::vector<Answer>> operator()(std::span<const Question> questions,
                                              const AnswerOptions& options = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
