#include "tokenizer/truncation.h"

#include <gtest/gtest.h>

#include "error_text.h"
#include "small_tokenizers.h"

namespace modernbert {
namespace {

struct PairCase {
  size_t first, second, max_length, kept_first, kept_second;
};

// max_length counts the three special tokens of a pair.
TEST(Truncation, LongestFirstIsClosedForm) {
  const PairCase cases[] = {{5, 5, 8, 2, 3}, {9, 5, 8, 3, 2}, {9, 5, 11, 4, 4}, {3, 9, 8, 2, 3},
                            {9, 2, 8, 3, 2}, {1, 9, 6, 1, 2}, {4, 4, 11, 4, 4}, {2, 9, 11, 2, 6}};
  for (const PairCase& c : cases) {
    SCOPED_TRACE(std::to_string(c.first) + "," + std::to_string(c.second) + "," +
                 std::to_string(c.max_length));
    const KeptLengths kept =
        truncated_lengths(c.first, c.second, c.max_length - 3, TruncationStrategy::kLongestFirst);
    EXPECT_EQ(kept.first, c.kept_first);
    EXPECT_EQ(kept.second, c.kept_second);
  }
}

TEST(Truncation, OneTextOnly) {
  const KeptLengths first = truncated_lengths(9, 5, 8, TruncationStrategy::kOnlyFirst);
  EXPECT_EQ(first.first, 3u);
  EXPECT_EQ(first.second, 5u);
  const KeptLengths second = truncated_lengths(5, 9, 8, TruncationStrategy::kOnlySecond);
  EXPECT_EQ(second.first, 5u);
  EXPECT_EQ(second.second, 3u);
}

TEST(Truncation, RejectsTextTooShortToCut) {
  const auto too_short =
      testing::thrown_by([] { truncated_lengths(2, 9, 5, TruncationStrategy::kOnlyFirst); });
  EXPECT_EQ(too_short.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(too_short.message, "the first text has 2 tokens, want more than the 6 to be cut for max_length");
  const auto no_second =
      testing::thrown_by([] { truncated_lengths(9, std::nullopt, 5, TruncationStrategy::kOnlySecond); });
  EXPECT_EQ(no_second.code, ErrorCode::kInvalidArgument);
  EXPECT_NO_THROW(truncated_lengths(4, std::nullopt, 5, TruncationStrategy::kOnlySecond));
}

std::vector<std::pair<size_t, size_t>> windows(size_t length, size_t kept, int stride, TruncationSide side) {
  EncodeOptions options;
  options.overflow = true;
  options.stride = stride;
  options.side = side;
  std::vector<std::pair<size_t, size_t>> result;
  for (const TokenRange& range : token_windows(length, kept, options))
    result.emplace_back(range.begin, range.end);
  return result;
}

TEST(Truncation, WindowsFromTheRight) {
  using Pairs = std::vector<std::pair<size_t, size_t>>;
  EXPECT_EQ(windows(10, 4, 1, TruncationSide::kRight), (Pairs{{0, 4}, {3, 7}, {6, 10}}));
  EXPECT_EQ(windows(11, 4, 1, TruncationSide::kRight), (Pairs{{0, 4}, {3, 7}, {6, 10}, {9, 11}}));
  EXPECT_EQ(windows(4, 4, 3, TruncationSide::kRight), (Pairs{{0, 4}}));
  EXPECT_EQ(windows(3, 0, 0, TruncationSide::kRight), (Pairs{{0, 0}, {0, 3}}));
}

TEST(Truncation, WindowsFromTheLeft) {
  using Pairs = std::vector<std::pair<size_t, size_t>>;
  EXPECT_EQ(windows(10, 4, 1, TruncationSide::kLeft), (Pairs{{6, 10}, {3, 7}, {0, 4}}));
  EXPECT_EQ(windows(11, 4, 1, TruncationSide::kLeft), (Pairs{{7, 11}, {4, 8}, {1, 5}, {0, 2}}));
}

TEST(Truncation, RejectsStrideThatCannotAdvance) {
  const auto thrown = testing::thrown_by([] { windows(10, 4, 4, TruncationSide::kRight); });
  EXPECT_EQ(thrown.message, "stride is 4, want less than the 4 tokens of a window");
}

TEST(Truncation, CountsWhatIsCut) {
  const Tokenizer tokenizer = testing::small_tokenizer("bytes");
  const std::string text = "the quick brown fox jumps over the lazy dog";
  const auto whole = static_cast<int>(tokenizer.encode(text).ids.size()) - 2;
  EncodeOptions options;
  options.max_length = 6;
  const Encoding cut = tokenizer.encode(text, options);
  EXPECT_EQ(cut.ids.size(), 6u);
  EXPECT_EQ(cut.tokens_cut, whole - 4);
  EXPECT_TRUE(cut.overflowing.empty());
  EXPECT_EQ(tokenizer.encode("the", options).tokens_cut, 0);
}

TEST(Truncation, RejectsLengthBelowSpecialTokens) {
  const Tokenizer tokenizer = testing::small_tokenizer("bytes");
  EncodeOptions options;
  options.max_length = 1;
  const auto single = testing::thrown_by([&] { tokenizer.encode("a", options); });
  EXPECT_EQ(single.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(single.message, "max_length is 1, want at least the 2 special tokens");
  options.max_length = 2;
  EXPECT_EQ(tokenizer.encode("a b c", options).ids, tokenizer.encode("").ids);
  EXPECT_EQ(testing::thrown_by([&] { tokenizer.encode_pair("a", "b", options); }).message,
            "max_length is 2, want at least the 3 special tokens");
  options.max_length = -5;
  EXPECT_EQ(testing::thrown_by([&] { tokenizer.encode("a", options); }).code, ErrorCode::kInvalidArgument);
  options.max_length = 8;
  options.stride = -1;
  EXPECT_EQ(testing::thrown_by([&] { tokenizer.encode("a", options); }).message,
            "stride is -1, want 0 or more");
}

}  // namespace
}  // namespace modernbert
