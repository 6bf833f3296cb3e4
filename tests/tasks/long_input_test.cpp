// Long inputs and batches on the tiny golden models: windows of texts and of pairs, and how each task joins
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "model/heads.h"
#include "model_folders.h"
#include "modernbert/answer.h"
#include "modernbert/choose.h"
#include "modernbert/classify.h"
#include "modernbert/embed.h"
#include "modernbert/error.h"
#include "modernbert/log.h"
#include "modernbert/ner.h"
#include "modernbert/rerank.h"
#include "tasks/windows.h"

namespace modernbert {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

Model golden_model(const std::string& name, const std::string& tokenizer = "tokenizer_bpe") {
  const auto goldens = testing::source_dir() / "tests/tasks/goldens";
  return testing::load_linked({goldens / name, goldens / tokenizer});
}

std::string story(int sentences) {
  std::string text;
  for (int i = 0; i < sentences; ++i) text += "Station " + std::to_string(i) + " lies north of the river. ";
  return text;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Text tokens of one side of a pair's window.
std::vector<int32_t> side(const Encoding& window, int8_t sequence) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < window.ids.size(); ++i) {
    if (window.sequence_ids[i] == sequence) ids.push_back(window.ids[i]);
  }
  return ids;
}

class PairWindows : public ::testing::Test {
 protected:
  const Model model = golden_model("modernbert_choice");
  const Tokenizer& tokenizer = model.tokenizer();
  const std::vector<std::string> short_text = {"Who?"};
  const std::vector<std::string> long_text = {story(12)};

  TextWindows windows(const std::vector<std::string>& first, const std::vector<std::string>& second,
                      TruncationStrategy pair_side) const {
    return encode_pairs(
        tokenizer, first, second,
        {.mode = LongInput::kChunk, .max_length = 48, .overlap = 8, .pair_side = pair_side})[0];
  }
};

TEST_F(PairWindows, OneTextIsWholeInEveryWindowAndTheOtherIsCovered) {
  const auto whole = tokenizer.encode(long_text[0], {.add_special_tokens = false}).ids;
  for (const bool long_first : {false, true}) {
    const TextWindows text = long_first ? windows(long_text, short_text, TruncationStrategy::kLongestFirst)
                                        : windows(short_text, long_text, TruncationStrategy::kLongestFirst);
    ASSERT_GT(text.windows.size(), 2u);
    EXPECT_EQ(text.overlap, 8);
    std::vector<int32_t> joined;
    for (const Encoding& window : text.windows) {
      EXPECT_LE(window.ids.size(), 48u);
      EXPECT_EQ(side(window, long_first ? 1 : 0),
                tokenizer.encode("Who?", {.add_special_tokens = false}).ids);
      const auto part = side(window, long_first ? 0 : 1);
      joined.insert(joined.end(), part.begin() + (joined.empty() ? 0 : text.overlap), part.end());
    }
    EXPECT_EQ(joined, whole);
  }
}

TEST_F(PairWindows, AShortPairIsOneWindowWhateverItsSide) {
  for (const auto strategy : {TruncationStrategy::kOnlyFirst, TruncationStrategy::kOnlySecond}) {
    EXPECT_EQ(windows(short_text, short_text, strategy).windows.size(), 1u);
  }
}

TEST_F(PairWindows, RefusesAKeptTextThatFillsTheWindow) {
  const std::string error =
      error_of([&] { windows(long_text, short_text, TruncationStrategy::kOnlySecond); });
  EXPECT_THAT(error, HasSubstr("pair 0: its first text has"));
  EXPECT_THAT(error, HasSubstr("windows of 48 tokens"));
}

TEST_F(PairWindows, DifferentNumbersOfTextsAreAnError) {
  const std::vector<std::string> two = {"a", "b"};
  EXPECT_THROW(encode_pairs(tokenizer, two, short_text, {.max_length = 48}), Error);
}

TEST(Windows, OverlapRules) {
  const Model model = golden_model("modernbert_choice");
  const std::vector<std::string> texts = {story(6)};
  WindowOptions options{.mode = LongInput::kChunk, .max_length = 22, .overlap = 15};  // 20 tokens of text
  EXPECT_EQ(encode_texts(model.tokenizer(), texts, options, 1)[0].overlap, 10);
  options.overlap_rule = OverlapRule::kIfItFits;
  EXPECT_EQ(encode_texts(model.tokenizer(), texts, options, 1)[0].overlap, 15);
  options.overlap = 20;
  EXPECT_EQ(encode_texts(model.tokenizer(), texts, options, 1)[0].overlap, 10);
  options.overlap_rule = OverlapRule::kMustFit;
  EXPECT_THROW(encode_texts(model.tokenizer(), texts, options, 1), Error);
}

TEST(Windows, StitchedTextIsTheWholeEncoding) {
  const Model model = golden_model("modernbert_choice");
  const std::vector<std::string> texts = {story(9)};
  const Encoding whole = model.tokenizer().encode(texts[0]);
  for (const int32_t overlap : {0, 1, 7, 10}) {
    const TextWindows text = encode_texts(
        model.tokenizer(), texts, {.mode = LongInput::kChunk, .max_length = 23, .overlap = overlap}, 1)[0];
    std::vector<int32_t> ids;
    std::vector<TextSpan> offsets;
    for (const TokenSource& source : stitch(text)) {
      ids.push_back(text.windows[source.window].ids[source.row]);
      offsets.push_back(text.windows[source.window].offsets[source.row]);
    }
    EXPECT_EQ(ids, whole.ids) << overlap;
    EXPECT_EQ(offsets, whole.offsets) << overlap;
  }
}

TEST(Batches, SplittingLeavesBitsAsTheyAre) {
  const Model model = golden_model("modernbert_choice");
  std::vector<std::string> texts;
  size_t tokens = 0;
  for (int i = 0; tokens < 2 * kBatchTokens + 1000; ++i) {
    texts.push_back(story(1 + i % 37));
    tokens += model.tokenizer().encode(texts.back()).ids.size();
  }
  const HiddenStates all = model.hidden_states(texts);
  ASSERT_EQ(all.cu_seqlens.size(), texts.size() + 1);
  ASSERT_EQ(static_cast<size_t>(all.cu_seqlens.back()), tokens);
  for (size_t i = 0; i < texts.size(); i += 11) {
    const HiddenStates alone = model.hidden_states(std::span(texts).subspan(i, 1));
    EXPECT_TRUE(std::equal(alone.values.begin(), alone.values.end(),
                           all.values.begin() + static_cast<ptrdiff_t>(all.cu_seqlens[i]) * all.hidden_size));
  }
}

TEST(Batches, OneTextMayBeLargerThanABatch) {
  const Model model = golden_model("modernbert_choice");
  const std::vector<std::string> texts = {"a", story(1700), "b"};
  ASSERT_GT(model.tokenizer().encode(texts[1]).ids.size(), static_cast<size_t>(kBatchTokens));
  EXPECT_EQ(model.hidden_states(texts).cu_seqlens.size(), 4u);
}

TEST(LongTasks, ClassifyAveragesLogitsWeightedByTokens) {
  const Model model = golden_model("modernbert_classify_regression");
  const std::string text = story(14);
  ClassifyOptions options;
  options.long_input = {.mode = LongInput::kChunk, .max_length = 40, .overlap = 0};
  const auto got = Classify(model)(std::vector<std::string>{text}, options)[0];

  // The windows' texts cannot be given again as text, so their logits come from the head.
  const TextWindows windows = encode_texts(model.tokenizer(), std::vector<std::string>{text},
                                           {.mode = LongInput::kChunk, .max_length = 40}, 1)[0];
  const SequenceClassifier head(model.impl().encoder);
  std::vector<double> sums(2);
  double weights = 0;
  for (const Encoding& window : windows.windows) {
    TokenBatch batch;
    batch.add(window.ids);
    const Matrix logits = head.logits(batch, model.impl().encoder->forward(batch).view());
    const double weight = static_cast<double>(window.ids.size()) - 2;
    weights += weight;
    for (size_t label = 0; label < 2; ++label) sums[label] += weight * logits.row(0)[label];
  }
  ASSERT_GT(windows.windows.size(), 2u);
  for (const LabelScore& score : got) {
    const size_t label = score.label == "LABEL_0" ? 0 : 1;
    EXPECT_NEAR(score.score, sums[label] / weights, 1e-6);
  }
}

TEST(LongTasks, RerankTakesTheBestWindow) {
  const Model model = golden_model("modernbert_classify_one_label");
  const Rerank rerank(model);
  const std::vector<std::pair<std::string, std::string>> pair = {{"Who?", story(14)}};
  RerankOptions options{.raw_scores = true};
  options.long_input = {.mode = LongInput::kChunk, .max_length = 48, .overlap = 8};
  const TextWindows windows =
      encode_pairs(model.tokenizer(), std::vector<std::string>{"Who?"}, std::vector<std::string>{story(14)},
                   {.mode = LongInput::kChunk,
                    .max_length = 48,
                    .overlap = 8,
                    .pair_side = TruncationStrategy::kOnlySecond})[0];
  const SequenceClassifier head(model.impl().encoder);
  float best = -1e9f;
  for (const Encoding& window : windows.windows) {
    TokenBatch batch;
    batch.add(window.ids);
    best = std::max(best, head.logits(batch, model.impl().encoder->forward(batch).view()).row(0)[0]);
  }
  ASSERT_GT(windows.windows.size(), 2u);
  EXPECT_EQ(rerank.scores(pair, options)[0], best);
}

TEST(LongTasks, NerLabelsEveryTokenOnceWhateverTheWindows) {
  const Ner ner(golden_model("modernbert_ner"));
  const std::vector<std::string> texts = {story(10), "short"};
  NerOptions options{.aggregation = Aggregation::kNone, .ignore_labels = {}};
  const auto whole = ner(texts, options);
  options.long_input = {.mode = LongInput::kChunk, .max_length = 64, .overlap = 16};
  const auto chunked = ner(texts, options);
  ASSERT_EQ(chunked[0].size(), whole[0].size());
  for (size_t i = 0; i < whole[0].size(); ++i) {
    EXPECT_EQ(chunked[0][i].index, whole[0][i].index);
    EXPECT_EQ(chunked[0][i].word, whole[0][i].word);
    EXPECT_EQ(chunked[0][i].offsets, whole[0][i].offsets);
  }
  EXPECT_EQ(chunked[1][0].score, whole[1][0].score);
}

TEST(LongTasks, ChooseWindowsThePrompt) {
  const Choose choose(golden_model("modernbert_choice"));
  const std::vector<ChoiceQuestion> questions = {{story(14), {"Yes.", "No, never."}}, {"Short?", {"Yes."}}};
  const auto chunked = choose(questions, {.mode = LongInput::kChunk, .max_length = 48, .overlap = 8});
  EXPECT_EQ(chunked[0].logits.size(), 2u);
  EXPECT_EQ(chunked[1].logits, choose(questions)[1].logits);
  EXPECT_THROW(choose(std::vector<ChoiceQuestion>{{"No choices", {}}}), Error);
}

TEST(LongTasks, AnswersBeyondTheFirstWindowNeedChunks) {
  const AnswerQuestions answer(golden_model("bert_qa", "tokenizer_wordpiece"));
  const std::vector<Question> questions = {{"Who?", story(20)}};
  AnswerOptions options{.top_k = 50, .max_length = 40, .long_input = LongInput::kTruncate};
  std::vector<std::string> warnings;
  set_log_callback([&](LogLevel, std::string_view message) { warnings.emplace_back(message); });
  const auto first_window = answer(questions, options)[0];
  set_log_callback({});
  EXPECT_EQ(warnings.size(), 1u);
  for (const Answer& found : first_window) EXPECT_LT(found.offsets.end, 160);
  options.long_input = LongInput::kChunk;
  const auto everywhere = answer(questions, options)[0];
  EXPECT_TRUE(std::ranges::any_of(everywhere, [](const Answer& found) { return found.offsets.begin > 400; }));
  options.long_input = LongInput::kError;
  EXPECT_THAT(error_of([&] { answer(questions, options); }), HasSubstr("text 0 has"));
}

TEST(LongTasks, AnswerRefusesWhatCannotBeAnswered) {
  const AnswerQuestions answer(golden_model("bert_qa", "tokenizer_wordpiece"));
  const auto error = [&](const Question& question, const AnswerOptions& options) {
    return error_of([&] { answer(std::vector<Question>{question}, options); });
  };
  EXPECT_THAT(error({"", "context"}, {}), HasSubstr("question 0 has an empty question"));
  EXPECT_THAT(error({"question", ""}, {}), HasSubstr("empty context"));
  EXPECT_THAT(error({"a", "b"}, {.top_k = 0}), HasSubstr("top_k"));
  EXPECT_THAT(error({"a", story(20)}, {.doc_stride = 30, .max_length = 32}), HasSubstr("overlap of 30"));
  EXPECT_THAT(error({"a", "b"}, {.max_length = 4000}), HasSubstr("400 positions"));
}

}  // namespace
}  // namespace modernbert
