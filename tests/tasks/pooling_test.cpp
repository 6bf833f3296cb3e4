#include "tasks/sentence_transformers/pooling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "modernbert/error.h"

namespace modernbert {
namespace {

using ::testing::ElementsAre;

// Three tokens of width 2.
const std::vector<float> kRows = {1, -2, 3, 4, 8, -7};

std::vector<float> pooled(PoolingMode mode, int32_t skip = 0) {
  std::vector<float> out(2, 99.0f);
  pool(mode, {kRows.data(), 3, 2}, skip, out);
  return out;
}

std::vector<PoolingMode> modes(const std::string& json) {
  const Json value = parse_json(json, "1_Pooling/config.json");
  return read_pooling_modes(JsonObject(value, "1_Pooling/config.json"));
}

TEST(Pooling, EveryModeOverAllRows) {
  EXPECT_THAT(pooled(PoolingMode::kCls), ElementsAre(1, -2));
  EXPECT_THAT(pooled(PoolingMode::kMax), ElementsAre(8, 4));
  EXPECT_THAT(pooled(PoolingMode::kMean), ElementsAre(4, static_cast<float>(-5.0 / 3)));
  EXPECT_THAT(pooled(PoolingMode::kMeanSqrtLength),
              ElementsAre(static_cast<float>(12 / std::sqrt(3.0)), static_cast<float>(-5 / std::sqrt(3.0))));
  // Weights 1, 2, 3: (1 + 6 + 24) / 6, (-2 + 8 - 21) / 6.
  EXPECT_THAT(pooled(PoolingMode::kWeightedMean), ElementsAre(static_cast<float>(31.0 / 6), -2.5f));
  EXPECT_THAT(pooled(PoolingMode::kLastToken), ElementsAre(8, -7));
}

TEST(Pooling, SkippedRowsAreLeftOut) {
  EXPECT_THAT(pooled(PoolingMode::kCls, 1), ElementsAre(3, 4));
  EXPECT_THAT(pooled(PoolingMode::kMax, 2), ElementsAre(8, -7));
  EXPECT_THAT(pooled(PoolingMode::kMean, 1), ElementsAre(5.5f, -1.5f));
  EXPECT_THAT(pooled(PoolingMode::kMeanSqrtLength, 2), ElementsAre(8, -7));
  // The rows keep their weights 2 and 3: (6 + 24) / 5, (8 - 21) / 5.
  EXPECT_THAT(pooled(PoolingMode::kWeightedMean, 1), ElementsAre(6, static_cast<float>(-13.0 / 5)));
  EXPECT_THAT(pooled(PoolingMode::kLastToken, 2), ElementsAre(8, -7));
}

TEST(Pooling, NothingLeftGivesZeroOrTheFirstRow) {
  EXPECT_THAT(pooled(PoolingMode::kMean, 3), ElementsAre(0, 0));
  EXPECT_THAT(pooled(PoolingMode::kWeightedMean, 4), ElementsAre(0, 0));
  EXPECT_THAT(pooled(PoolingMode::kLastToken, 3), ElementsAre(0, 0));
  EXPECT_THAT(pooled(PoolingMode::kCls, 3), ElementsAre(1, -2));
}

TEST(Pooling, ReadsOldBooleansInFixedOrder) {
  EXPECT_THAT(modes(R"({"pooling_mode_lasttoken": true, "pooling_mode_mean_tokens": true,
                        "pooling_mode_cls_token": true, "pooling_mode_max_tokens": false})"),
              ElementsAre(PoolingMode::kCls, PoolingMode::kMean, PoolingMode::kLastToken));
  EXPECT_THAT(modes(R"({"pooling_mode_mean_tokens": false})"), ElementsAre(PoolingMode::kMean));
  EXPECT_THAT(modes("{}"), ElementsAre(PoolingMode::kMean));
}

TEST(Pooling, ReadsNamesAndListsInTheirOrder) {
  EXPECT_THAT(modes(R"({"pooling_mode": "weightedmean", "pooling_mode_cls_token": true})"),
              ElementsAre(PoolingMode::kWeightedMean));
  EXPECT_THAT(modes(R"({"pooling_mode": ["max", "mean_sqrt_len_tokens", "cls"]})"),
              ElementsAre(PoolingMode::kMax, PoolingMode::kMeanSqrtLength, PoolingMode::kCls));
}

TEST(Pooling, RejectsUnknownModes) {
  EXPECT_THROW(modes(R"({"pooling_mode": "median"})"), Error);
  EXPECT_THROW(modes(R"({"pooling_mode": ["mean", 3]})"), Error);
  EXPECT_THROW(modes(R"({"pooling_mode": []})"), Error);
}

}  // namespace
}  // namespace modernbert
