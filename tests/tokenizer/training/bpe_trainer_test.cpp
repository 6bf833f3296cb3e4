#include "tokenizer/training/bpe_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "error_text.h"
#include "modernbert/tokenizer.h"
#include "shared_files.h"
#include "temporary_folder.h"
#include "tokenizer/training/trained_files.h"

namespace modernbert {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::thrown_by;

// Merges of a training without special tokens, as text.
std::vector<std::string> merges(const std::vector<WordCount>& words, int32_t tokens,
                                int64_t min_frequency = 0) {
  const TrainedBpe trained = train_bpe(words, {.vocab_size = 256 + tokens, .min_frequency = min_frequency});
  std::vector<std::string> result;
  for (const auto& [first, second] : trained.merges) {
    result.push_back(trained.tokens[first] + "+" + trained.tokens[second]);
  }
  return result;
}

TEST(BpeTrainer, MergesTheMostFrequentPairFirst) {
  EXPECT_THAT(merges({{"hug", 10}, {"pug", 5}, {"hugs", 5}}, 3), ElementsAre("u+g", "h+ug", "p+ug"));
}

TEST(BpeTrainer, EqualCountsGoByIds) {
  EXPECT_THAT(merges({{"cd", 4}, {"ab", 4}, {"ba", 4}}, 3), ElementsAre("a+b", "b+a", "c+d"));
}

TEST(BpeTrainer, OverlappingPairsMergeFromTheLeft) {
  EXPECT_THAT(merges({{"aaaaa", 1}}, 2), ElementsAre("a+a", "aa+a"));
}

TEST(BpeTrainer, RarePairsAreNotMerged) {
  EXPECT_THAT(merges({{"ab", 3}, {"cd", 2}}, 10, 3), ElementsAre("a+b"));
}

TEST(BpeTrainer, StopsWhereNothingIsLeftToMerge) {
  EXPECT_EQ(train_bpe(std::vector<WordCount>{{"abc", 1}}, {.vocab_size = 1000}).tokens.size(), 258U);
  EXPECT_EQ(train_bpe({}, {.vocab_size = 1000}).tokens.size(), 256U);
}

TEST(BpeTrainer, BytesFollowTheSpecialTokensInTheOrderOfTheirCharacters) {
  const TrainedBpe trained = train_bpe({}, {.vocab_size = 258, .special_tokens = {"[A]", "[B]"}});
  EXPECT_EQ(trained.tokens[1], "[B]");
  EXPECT_EQ(trained.tokens[2], "!");
  EXPECT_EQ(trained.tokens[2 + 188], std::string(1, '\0'));  // U+0100, after 188 printable characters
  EXPECT_EQ(std::set(trained.tokens.begin(), trained.tokens.end()).size(), 258U);
}

TEST(BpeTrainer, RefusesAVocabularyBelowTheBytes) {
  EXPECT_THAT(thrown_by([] { train_bpe({}, {.vocab_size = 256, .special_tokens = {"[A]"}}); }).message,
              HasSubstr("a vocabulary of 256 tokens, want at least 257"));
}

TEST(WordCounts, CountsThePreTokenizersWords) {
  for (const int threads : {1, 3}) {
    WordCounts counts(threads);
    counts.add(std::vector<std::string>{"the cat, the", " cat", "cafe\xCC\x81"});
    counts.add(std::vector<std::string>{"the"});
    std::map<std::string, int64_t> found;
    for (const WordCount& word : counts.take()) found[word.word] = word.count;
    EXPECT_EQ(found, (std::map<std::string, int64_t>{
                         {"the", 2}, {" cat", 2}, {",", 1}, {" the", 1}, {"caf\xC3\xA9", 1}}));
    EXPECT_TRUE(counts.take().empty());
  }
}

TrainedBpe train_on(const std::vector<std::string>& texts, int32_t vocab_size) {
  WordCounts counts(2);
  counts.add(texts);
  return train_bpe(counts.take(), {.vocab_size = vocab_size, .special_tokens = modernbert_special_tokens()});
}

TEST(TrainedFiles, AreATokenizerLikeModernBerts) {
  const testing::TemporaryFolder folder;
  write_tokenizer_files(folder.path() / "new", train_on({"low lower lowest, slow"}, 270), 512);
  const Tokenizer tokenizer = Tokenizer::load(folder.path() / "new");
  EXPECT_EQ(tokenizer.mask_id(), 4);
  EXPECT_EQ(tokenizer.pad_id(), 3);
  EXPECT_EQ(tokenizer.model_max_length(), 512);
  const Encoding encoding = tokenizer.encode("low \xE2\x82\xAC [MASK] slow", {.tokens = true});
  EXPECT_THAT(encoding.tokens, ElementsAre("[CLS]", "low", "\xC4\xA0", "\xC3\xA2", "\xC4\xA4", "\xC2\xAC",
                                           " [MASK]", "\xC4\xA0slow", "[SEP]"));
  EXPECT_EQ(tokenizer.decode(encoding.ids), "low \xE2\x82\xAC slow");
}

// Text with many equal counts and tokens of two spellings, trained by Hugging Face's BpeTrainer.
TEST(BpeTrainer, MakesWhatHuggingFacesTrainerMakes) {
  const json golden =
      json::parse(std::ifstream(testing::source_dir() / "tests/tokenizer/training/golden.json"));
  WordCounts counts(2);
  counts.add(golden["texts"].get<std::vector<std::string>>());
  const TrainedBpe trained = train_bpe(counts.take(), {.vocab_size = golden["vocab_size"],
                                                       .min_frequency = golden["min_frequency"],
                                                       .special_tokens = modernbert_special_tokens()});
  const json model = json::parse(tokenizer_json(trained))["model"];
  ASSERT_GT(golden["merges"].size(), 200U);
  EXPECT_EQ(model["merges"], golden["merges"]);
  ASSERT_EQ(model["vocab"].size(), golden["tokens"].size());
  for (size_t id = 0; id < golden["tokens"].size(); ++id) {
    EXPECT_EQ(model["vocab"][golden["tokens"][id].get<std::string>()], id);
  }
}

}  // namespace
}  // namespace modernbert
