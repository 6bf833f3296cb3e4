// The shipped model: real answers, long inputs, and equal bits whatever the batch and the thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "model_folders.h"
#include "modernbert/embed.h"
#include "modernbert/error.h"
#include "modernbert/fill_mask.h"
#include "modernbert/log.h"
#include "modernbert/model.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;

const Model& nano() {
  static const Model model = testing::load_fp32(testing::source_dir() / "models/nano");
  return model;
}

std::string words(int count, int first = 0) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "number " + std::to_string(first + i) + " is here, ";
  return text;
}

// What the callback gets while it lives.
class Warnings {
 public:
  Warnings() {
    set_log_callback([this](LogLevel level, std::string_view message) {
      if (level == LogLevel::kWarning) messages.emplace_back(message);
    });
  }
  ~Warnings() { set_log_callback({}); }
  std::vector<std::string> messages;
};

TEST(Nano, FillsMasksOfCodeAndEnglish) {
  const FillMask fill(nano());
  const std::vector<std::string> texts = {"import [MASK] as np", "She opened the [MASK] and looked out."};
  const auto results = fill(texts, {.top_k = 5});
  ASSERT_EQ(results.size(), 2u);
  const FilledToken& best = results[0].masks.at(0).at(0);
  EXPECT_EQ(best.token_str, " numpy");
  EXPECT_EQ(best.sequence, "import numpy as np");
  EXPECT_NEAR(best.score, 0.88908f, 1e-4f);  // by transformers in fp32
  EXPECT_EQ(results[1].masks[0].size(), 5u);
}

TEST(Nano, RefusesTextsWithoutMask) {
  const FillMask fill(nano());
  try {
    fill(std::vector<std::string>{"a [MASK]", "nothing"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("text 1 has no mask"));
  }
  EXPECT_THROW(fill(std::vector<std::string>{"a [MASK]"}, {.top_k = 0}), Error);
}

TEST(Nano, ChunksAnswerMasksAnywhereInALongText) {
  const std::string text = "import [MASK] as np\n" + words(400) + "\nimport [MASK] as np\n";
  FillMaskOptions options{.top_k = 1,
                          .long_input = {.mode = LongInput::kChunk, .max_length = 128, .overlap = 32}};
  const auto result = FillMask{nano()}(std::vector<std::string>{text}, options)[0];
  ASSERT_EQ(result.masks.size(), 2u);
  EXPECT_EQ(result.masks[0][0].token_str, " numpy");
  EXPECT_EQ(result.masks[1][0].token_str, " numpy");
  // The sequence is that of the whole text.
  EXPECT_THAT(result.masks[0][0].sequence, HasSubstr("number 399 is here"));
  EXPECT_THAT(result.masks[0][0].sequence, HasSubstr("import[MASK] as np"));
}

TEST(Nano, TruncationWarnsOncePerCall) {
  Warnings warnings;
  const std::vector<std::string> texts = {words(100), "short", words(50)};
  EmbedOptions options;
  options.long_input.max_length = 64;
  Embed{nano()}(texts, options);
  ASSERT_EQ(warnings.messages.size(), 1u);
  const Tokenizer& tokenizer = nano().tokenizer();
  const size_t lost = tokenizer.encode(texts[0]).ids.size() + tokenizer.encode(texts[2]).ids.size() - 128;
  EXPECT_THAT(warnings.messages[0], HasSubstr("2 of 3 texts"));
  EXPECT_THAT(warnings.messages[0], HasSubstr(std::to_string(lost) + " tokens lost"));
}

TEST(Nano, ErrorModeNamesTextLengthAndLimit) {
  const std::vector<std::string> texts = {"short", words(100)};
  EmbedOptions options;
  options.long_input = {.mode = LongInput::kError, .max_length = 64};
  const size_t length = nano().tokenizer().encode(texts[1]).ids.size();
  try {
    Embed{nano()}(texts, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("text 1 has " + std::to_string(length) + " tokens, want at most 64"));
  }
  options.long_input.max_length = 2;
  EXPECT_THROW(Embed{nano()}(std::vector<std::string>{"a"}, options), Error);
}

TEST(Nano, ChunkedEmbeddingIsTheMeanOfWindowsWeightedByTokens) {
  const std::string text = words(40);
  EmbedOptions options;
  options.long_input = {.mode = LongInput::kChunk, .max_length = 64, .overlap = 0};
  const Embeddings whole = Embed{nano()}(std::vector<std::string>{text}, options);

  // The same windows by hand, through hidden states.
  Encoding first = nano().tokenizer().encode(text, {.max_length = 64, .overflow = true});
  std::vector<Encoding> windows = first.overflowing;
  windows.insert(windows.begin(), first);
  ASSERT_GT(windows.size(), 2u);
  std::vector<double> sum(whole.dim);
  double weights = 0;
  for (const Encoding& window : windows) {
    TokenBatch batch;
    batch.add(window.ids);
    const HiddenStates hidden = nano().hidden_states(batch);
    const double weight = static_cast<double>(window.ids.size()) - 2;
    weights += weight;
    for (int32_t j = 0; j < whole.dim; ++j) {
      double mean = 0;
      for (size_t t = 0; t < window.ids.size(); ++t) mean += hidden.values[t * whole.dim + j];
      sum[j] += weight * mean / static_cast<double>(window.ids.size());
    }
  }
  for (int32_t j = 0; j < whole.dim; ++j) EXPECT_NEAR(whole.values[j], sum[j] / weights, 1e-5);
}

TEST(Nano, LateChunkingOfAShortTextIsTheTextItself) {
  const std::vector<std::string> texts = {"A short text.", words(10)};
  EmbedOptions late;
  late.long_input.mode = LongInput::kChunk;
  late.late_chunking = true;
  EXPECT_EQ(Embed{nano()}(texts, late).values, Embed{nano()}(texts).values);
  // Windows see less context than the whole text, so a long one differs a little.
  late.long_input.max_length = 48;
  late.long_input.overlap = 16;
  const Embeddings windowed = Embed{nano()}(texts, late);
  const Embeddings whole = Embed{nano()}(texts);
  EXPECT_GT(similarity(windowed, whole, Similarity::kCosine)[3], 0.95f);
  EXPECT_NE(windowed.values, whole.values);
}

TEST(Nano, LongerInputsThanItsLimitRunWhenAskedTo) {
  const std::string text = words(200);
  EmbedOptions options;
  options.long_input = {.mode = LongInput::kError, .max_length = 32768};
  ASSERT_GT(nano().tokenizer().encode(text).ids.size(), static_cast<size_t>(nano().max_length()));
  EXPECT_EQ(Embed{nano()}(std::vector<std::string>{text}, options).rows(), 1u);
}

TEST(Nano, ATextsBitsDoNotDependOnItsBatch) {
  std::vector<std::string> texts;
  for (int i = 0; i < 12; ++i) texts.push_back(words(1 + i * 2, i));
  const Embed embed(nano());
  const Embeddings together = embed(texts);
  std::vector<std::string> reversed(texts.rbegin(), texts.rend());
  const Embeddings backwards = embed(reversed);
  for (const size_t i : {0, 7, 11}) {
    const Embeddings alone = embed(std::vector<std::string>{texts[i]});
    EXPECT_TRUE(std::ranges::equal(alone.row(0), together.row(i)));
    EXPECT_TRUE(std::ranges::equal(alone.row(0), backwards.row(texts.size() - 1 - i)));
  }
}

TEST(Nano, HiddenStatesOfTextsAreThoseOfTheirTokens) {
  const std::vector<std::string> texts = {"One text.", "And another, longer one."};
  TokenBatch batch;
  for (const std::string& text : texts) batch.add(nano().tokenizer().encode(text).ids);
  const HiddenStates of_texts = nano().hidden_states(texts);
  const HiddenStates of_tokens = nano().hidden_states(batch);
  EXPECT_EQ(of_texts.cu_seqlens, of_tokens.cu_seqlens);
  EXPECT_EQ(of_texts.values, of_tokens.values);
}

TEST(Nano, ThreadsShareOneModelAndGetEqualBits) {
  const std::vector<std::string> texts = {"import [MASK] as np", words(30) + "[MASK]", "The [MASK] is red."};
  const FillMask fill(nano());
  const Embed embed(nano());
  const auto fill_once = [&] {
    std::vector<float> scores;
    for (const FillMaskResult& result : fill(texts)) {
      for (const FilledToken& token : result.masks[0]) scores.push_back(token.score);
    }
    return scores;
  };
  const std::vector<float> scores = fill_once();
  const std::vector<float> vectors = embed(texts).values;
  std::vector<int> equal(6, 0);
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < equal.size(); ++t) {
      threads.emplace_back([&, t] {
        for (int round = 0; round < 3; ++round) {
          equal[t] += t % 2 == 0 ? fill_once() == scores : embed(texts).values == vectors;
        }
      });
    }
  }
  EXPECT_THAT(equal, ::testing::Each(3));
}

}  // namespace
}  // namespace modernbert
