// Aggregation on hand-made scores; the expected entities follow from the rules of Hugging Face's pipeline.
#include "tasks/entities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modernbert {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kLabels = {"O", "B-PER", "I-PER", "B-LOC"};

// Tokens of the text "Ann Smith Rome": "Ann", "Smi" + "th", "Rome", with their offsets.
std::vector<ScoredToken> tokens(const std::vector<std::vector<float>>& scores) {
  const std::vector<std::string> words = {"Ann", "Smi", "##th", "Rome"};
  const std::vector<TextSpan> offsets = {{0, 3}, {4, 7}, {7, 9}, {10, 14}};
  std::vector<ScoredToken> result;
  for (size_t i = 0; i < scores.size(); ++i) {
    result.push_back({.id = static_cast<int32_t>(i),
                      .word = words[i],
                      .is_subword = i == 2,
                      .scores = scores[i],
                      .index = static_cast<int32_t>(i) + 1,
                      .offsets = offsets[i],
                      .byte_offsets = offsets[i]});
  }
  return result;
}

std::string join(std::span<const ScoredToken> tokens) {
  std::string text;
  for (const ScoredToken& token : tokens) text += (text.empty() ? "" : "|") + token.word;
  return text;
}

std::vector<Entity> entities(const std::vector<std::vector<float>>& scores, Aggregation aggregation,
                             const std::vector<std::string>& ignore = {"O"}) {
  return make_entities(tokens(scores), aggregation, kLabels, ignore, join);
}

// label word begin-end
std::vector<std::string> briefly(const std::vector<Entity>& entities) {
  std::vector<std::string> result;
  for (const Entity& e : entities) {
    result.push_back(e.label + " " + e.word + " " + std::to_string(e.offsets.begin) + "-" +
                     std::to_string(e.offsets.end));
  }
  return result;
}

TEST(Entities, NoneGivesOneEntityPerTokenThatIsNotIgnored) {
  const auto found = entities({{.1f, .7f, .1f, .1f}, {.6f, .2f, .1f, .1f}, {0, 0, 1, 0}, {.9f, .1f, 0, 0}},
                              Aggregation::kNone);
  EXPECT_THAT(briefly(found), ElementsAre("B-PER Ann 0-3", "I-PER ##th 7-9"));
  EXPECT_EQ(found[0].index, 1);
  EXPECT_EQ(found[1].index, 3);
  EXPECT_FLOAT_EQ(found[0].score, .7f);
}

TEST(Entities, SimpleGroupsNeighboursOfOneTagAndAveragesTheirScores) {
  const auto found =
      entities({{.1f, .7f, .1f, .1f}, {.2f, .1f, .6f, .1f}, {.1f, .3f, .5f, .1f}, {0, 0, .2f, .8f}},
               Aggregation::kSimple);
  EXPECT_THAT(briefly(found), ElementsAre("PER Ann|Smi|##th 0-9", "LOC Rome 10-14"));
  EXPECT_FLOAT_EQ(found[0].score, (.7f + .6f + .5f) / 3);
}

TEST(Entities, SimpleStartsANewEntityAtBAndSplitsWords) {
  const auto found = entities({{0, 1, 0, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}, {0, 0, 1, 0}}, Aggregation::kSimple);
  // "##th" is O: the word is torn apart; the I- after it begins an entity of its own.
  EXPECT_THAT(briefly(found), ElementsAre("PER Ann 0-3", "PER Smi 4-7", "PER Rome 10-14"));
}

TEST(Entities, FirstLabelsAWordByItsFirstToken) {
  const auto found =
      entities({{1, 0, 0, 0}, {.1f, .2f, .3f, .4f}, {0, 1, 0, 0}, {1, 0, 0, 0}}, Aggregation::kFirst);
  EXPECT_THAT(briefly(found), ElementsAre("LOC Smi|##th 4-9"));
  EXPECT_FLOAT_EQ(found[0].score, .4f);
}

TEST(Entities, MaxLabelsAWordByItsHighestScore) {
  const auto found =
      entities({{1, 0, 0, 0}, {.1f, .2f, .3f, .4f}, {.05f, .9f, .05f, 0}, {1, 0, 0, 0}}, Aggregation::kMax);
  EXPECT_THAT(briefly(found), ElementsAre("PER Smi|##th 4-9"));
  EXPECT_FLOAT_EQ(found[0].score, .9f);
}

TEST(Entities, AverageLabelsAWordByItsMeanScores) {
  // Token by token LOC and O would win; the means are O .35, B-PER .4, B-LOC .25.
  const auto found =
      entities({{1, 0, 0, 0}, {.1f, .4f, 0, .5f}, {.6f, .4f, 0, 0}, {1, 0, 0, 0}}, Aggregation::kAverage);
  EXPECT_THAT(briefly(found), ElementsAre("PER Smi|##th 4-9"));
  EXPECT_FLOAT_EQ(found[0].score, .4f);
}

TEST(Entities, WordsOfOneTagAreGroupedAndTheScoreIsTheMeanOverWords) {
  const auto found =
      entities({{0, 1, 0, 0}, {.2f, .2f, .6f, 0}, {1, 0, 0, 0}, {.1f, 0, .9f, 0}}, Aggregation::kFirst);
  EXPECT_THAT(briefly(found), ElementsAre("PER Ann|Smi|##th|Rome 0-14"));
  EXPECT_FLOAT_EQ(found[0].score, (1 + .6f + .9f) / 3);
}

TEST(Entities, IgnoredLabelsAreThoseOfTheGroups) {
  const std::vector<std::vector<float>> scores = {{0, 1, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}};
  EXPECT_THAT(briefly(entities(scores, Aggregation::kSimple, {"PER"})),
              ElementsAre("O Smi|##th 4-9", "LOC Rome 10-14"));
  EXPECT_THAT(briefly(entities(scores, Aggregation::kNone, {"O", "PER"})),
              ElementsAre("B-PER Ann 0-3", "B-LOC Rome 10-14"));
  EXPECT_THAT(entities({}, Aggregation::kSimple), IsEmpty());
}

TEST(Entities, LabelsWithoutPrefixContinueAndOtherPrefixesStayApart) {
  const std::vector<std::string> labels = {"PER", "E-PER", "I-PER"};
  auto made = tokens({{1, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}});
  const auto found = make_entities(made, Aggregation::kSimple, labels, {}, join);
  // "PER" and "I-PER" have one tag; "E-PER" is a tag of its own, named by what follows its dash.
  EXPECT_THAT(briefly(found), ElementsAre("PER Ann|Smi 0-7", "PER ##th|Rome 7-14"));
}

}  // namespace
}  // namespace modernbert
