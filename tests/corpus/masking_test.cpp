#include "corpus/masking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "corpus/masked_lm_batch.h"
#include "error_text.h"
#include "small_corpus.h"

namespace modernbert {
namespace {

using testing::thrown_by;

const Tokenizer& tokenizer() {
  static const Tokenizer kTokenizer = [] {
    testing::TemporaryFolder folder;
    testing::write_tokenizer(folder.path());
    return Tokenizer::load(folder.path());
  }();
  return kTokenizer;
}

struct Masked {
  std::vector<int32_t> original, ids, labels;
};

Masked mask(const MaskingOptions& options, uint64_t key, size_t words) {
  Masked result;
  result.original = tokenizer().encode(testing::made_text(5, words)).ids;
  result.ids = result.original;
  result.labels.resize(result.ids.size());
  Masking(options, tokenizer()).apply(key, result.ids, result.labels);
  return result;
}

// A share of n draws, within five standard deviations.
void expect_share(double count, double n, double share) {
  EXPECT_NEAR(count / n, share, 5 * std::sqrt(share * (1 - share) / n));
}

TEST(Masking, RateAndSharesAreAsAskedFor) {
  const Masked masked = mask({.rate = 0.3}, 1, 60000);
  double predicted = 0, as_mask = 0, kept = 0;
  for (size_t i = 0; i < masked.ids.size(); ++i) {
    if (masked.labels[i] == kNotPredicted) {
      EXPECT_EQ(masked.ids[i], masked.original[i]);
      continue;
    }
    EXPECT_EQ(masked.labels[i], masked.original[i]);
    ++predicted;
    as_mask += masked.ids[i] == tokenizer().mask_id();
    kept += masked.ids[i] == masked.original[i];
    EXPECT_TRUE(masked.ids[i] == tokenizer().mask_id() || !tokenizer().is_special(masked.ids[i]));
  }
  expect_share(predicted, static_cast<double>(masked.ids.size()) - 2, 0.3);
  expect_share(as_mask, predicted, 0.8);
  expect_share(kept, predicted, 0.1 + 0.1 / 315);  // a random token may be the same one
}

TEST(Masking, NeverPredictsSpecialTokens) {
  Masking masking({.rate = 1, .mask_share = 1, .random_share = 0}, tokenizer());
  std::vector<int32_t> ids = tokenizer().encode("castle [MASK][PAD] moon").ids;
  const std::vector<int32_t> original = ids;
  std::vector<int32_t> labels(ids.size());
  masking.apply(3, ids, labels);
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool special = tokenizer().is_special(original[i]);
    EXPECT_EQ(labels[i], special ? kNotPredicted : original[i]);
    EXPECT_EQ(ids[i], special ? original[i] : *tokenizer().mask_id());
  }
}

TEST(Masking, AllMaskLeavesNoOtherReplacement) {
  const Masked masked = mask({.rate = 0.3, .mask_share = 1, .random_share = 0}, 9, 5000);
  for (size_t i = 0; i < masked.ids.size(); ++i) {
    EXPECT_TRUE(masked.labels[i] == kNotPredicted || masked.ids[i] == tokenizer().mask_id());
  }
}

TEST(Masking, ATokenIsDrawnByKeyAndPositionAlone) {
  const Masked whole = mask({.rate = 0.3}, 4, 500), again = mask({.rate = 0.3}, 4, 500);
  EXPECT_EQ(whole.ids, again.ids);
  EXPECT_NE(whole.ids, mask({.rate = 0.3}, 5, 500).ids);
  std::vector<int32_t> start(whole.original.begin(), whole.original.begin() + 100), labels(100);
  Masking({.rate = 0.3}, tokenizer()).apply(4, start, labels);
  EXPECT_EQ(start, std::vector<int32_t>(whole.ids.begin(), whole.ids.begin() + 100));
}

// Few merges: most words are several tokens.
TEST(Masking, WholeWordsArePredictedTogether) {
  const testing::TemporaryFolder folder;
  testing::write_tokenizer(folder.path(), 270);
  const Tokenizer fine = Tokenizer::load(folder.path());
  const Encoding encoding = fine.encode(testing::made_text(6, 20000));
  std::vector<int32_t> ids = encoding.ids, labels(ids.size());
  Masking({.rate = 0.3, .whole_words = true}, fine).apply(2, ids, labels);
  double words = 0, predicted = 0, multiple = 0;
  for (size_t i = 1; i + 1 < ids.size(); ++i) {
    const bool is_predicted = labels[i] != kNotPredicted;
    if (encoding.word_ids[i] == encoding.word_ids[i - 1]) {
      EXPECT_EQ(is_predicted, labels[i - 1] != kNotPredicted) << i;
      ++multiple;
    } else {
      ++words;
      predicted += is_predicted;
    }
  }
  EXPECT_GT(multiple, words);
  expect_share(predicted, words, 0.3);
}

// The words found in ids are those that the tokenizer cut.
TEST(Masking, WordStartsAreThePreTokenizers) {
  const WordStarts starts(tokenizer());
  const Encoding encoding = tokenizer().encode(
      "def f(x):\n    return x+12  # it's (caf\xC3\xA9) \xE6\x97\xA5\xE6\x9C\xAC 3.14\n\nEnd");
  std::vector<uint8_t> found(encoding.ids.size());
  starts.find(encoding.ids, found);
  for (size_t i = 1; i < found.size(); ++i) {
    const bool expected = encoding.word_ids[i] == -1 || encoding.word_ids[i] != encoding.word_ids[i - 1];
    EXPECT_EQ(found[i], expected) << i << " " << tokenizer().id_to_token(encoding.ids[i]);
  }
}

// A window may begin and end inside a character.
TEST(Masking, WordStartsReadPiecesOfCharacters) {
  const WordStarts starts(tokenizer());
  const std::vector<int32_t> ids = tokenizer().encode("\xE6\x97\xA5 \xE6\x9C\xAC").ids;
  ASSERT_EQ(ids.size(), 9U);  // [CLS], three bytes, a space, three bytes, [SEP]
  std::vector<uint8_t> found(5);
  starts.find(std::span(ids).subspan(2, 5), found);
  EXPECT_EQ(found, (std::vector<uint8_t>{1, 0, 1, 0, 0}));
}

TEST(Masking, RefusesSharesOutOfRange) {
  EXPECT_EQ(thrown_by([] { Masking({.rate = 1.5}, tokenizer()); }).message,
            "the mask rate is 1.5, want 0 to 1");
  EXPECT_EQ(thrown_by([] { Masking({.mask_share = 0.8, .random_share = 0.3}, tokenizer()); }).code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace modernbert
