#include "tasks/answer_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace modernbert {
namespace {

// Logits whose softmax over the allowed positions is `p`.
std::vector<float> logits_of(const std::vector<float>& p) {
  std::vector<float> result;
  for (const float value : p) result.push_back(std::log(value));
  return result;
}

std::vector<std::pair<int32_t, int32_t>> ranges(const WindowAnswers& answers) {
  std::vector<std::pair<int32_t, int32_t>> result;
  for (const AnswerSpan& span : answers.spans) result.emplace_back(span.first, span.last);
  return result;
}

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(AnswerSpans, RanksSpansByTheProductOfProbabilities) {
  const auto start = logits_of({.1f, .5f, .3f, .1f});
  const auto end = logits_of({.2f, .1f, .6f, .1f});
  const std::vector<uint8_t> allowed = {1, 1, 1, 1};
  const WindowAnswers answers = best_spans(start, end, allowed, 15, 3);
  EXPECT_THAT(ranges(answers), ElementsAre(Pair(1, 2), Pair(2, 2), Pair(1, 1)));  // .30 .18 .05
  EXPECT_NEAR(answers.spans[0].score, .3f, 1e-6);
  EXPECT_NEAR(answers.no_answer, .02f, 1e-6);
}

TEST(AnswerSpans, TheEndNeverComesBeforeTheStart) {
  const auto start = logits_of({.01f, .01f, .97f, .01f});
  const auto end = logits_of({.01f, .97f, .01f, .01f});
  const std::vector<uint8_t> allowed = {0, 1, 1, 1};
  for (const AnswerSpan& span : best_spans(start, end, allowed, 15, 100).spans)
    EXPECT_LE(span.first, span.last);
}

TEST(AnswerSpans, ForbiddenPositionsTakeNoProbability) {
  // Position 1 would win everything; the rest is renormalised over 2 and 3.
  const std::vector<float> start = {0, 50, 1, 1};
  const std::vector<float> end = {0, 50, 2, 2};
  const std::vector<uint8_t> allowed = {0, 0, 1, 1};
  const WindowAnswers answers = best_spans(start, end, allowed, 15, 10);
  EXPECT_THAT(ranges(answers), ElementsAre(Pair(2, 2), Pair(2, 3), Pair(3, 3)));
  for (const AnswerSpan& span : answers.spans) EXPECT_NEAR(span.score, .25f, 1e-6);
  EXPECT_EQ(answers.no_answer, 0);
}

TEST(AnswerSpans, TheFirstTokenTakesProbabilityButIsNoAnswer) {
  const std::vector<float> start = {1, 1};
  const std::vector<uint8_t> allowed = {1, 1};
  const WindowAnswers answers = best_spans(start, start, allowed, 15, 10);
  EXPECT_THAT(ranges(answers), ElementsAre(Pair(1, 1)));
  EXPECT_NEAR(answers.spans[0].score, .25f, 1e-6);
  EXPECT_NEAR(answers.no_answer, .25f, 1e-6);
}

TEST(AnswerSpans, SpansHaveAtMostMaxTokens) {
  const std::vector<float> flat(6, 0.0f);
  const std::vector<uint8_t> allowed = {0, 1, 1, 1, 1, 1};
  EXPECT_EQ(best_spans(flat, flat, allowed, 1, 100).spans.size(), 5u);
  EXPECT_EQ(best_spans(flat, flat, allowed, 2, 100).spans.size(), 9u);
  EXPECT_EQ(best_spans(flat, flat, allowed, 15, 100).spans.size(), 15u);
  EXPECT_EQ(best_spans(flat, flat, allowed, 15, 4).spans.size(), 4u);
}

}  // namespace
}  // namespace modernbert
