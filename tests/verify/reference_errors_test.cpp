#include "verify/reference_errors.h"

#include <gtest/gtest.h>

#include "modernbert/error.h"

namespace modernbert {
namespace {

Json errors(double max_abs, double mean_abs) {
  return {{"max_abs", max_abs}, {"mean_abs", mean_abs}};
}

Json output(double bf16_max, double bf16_mean) {
  return {{"error_vs_float64", {{"hf_bf16_sdpa", errors(bf16_max, bf16_mean)}}}};
}

TEST(Bf16Errors, AreThoseOfTheCasesOwnRun) {
  const Json outputs = {{"logits", output(0.1, 0.02)}, {"loss", {{"error_vs_float64", Json::object()}}}};
  const auto found = bf16_errors(JsonObject(outputs, "test"), "logits", {});
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->max_abs, 0.1);
  EXPECT_DOUBLE_EQ(found->mean_abs, 0.02);
  EXPECT_FALSE(bf16_errors(JsonObject(outputs, "test"), "loss", {}));
}

TEST(Bf16Errors, OfLongInputsStandBesideTheReferenceThatTheyWereMeasuredAgainst) {
  const Json outputs = {
      {"logits",
       {{"error_vs_float64", Json::object()}, {"error_vs_reference", {{"hf_bf16_sdpa", errors(0.3, 0.1)}}}}}};
  EXPECT_DOUBLE_EQ(bf16_errors(JsonObject(outputs, "test"), "logits", {})->max_abs, 0.3);
}

TEST(Bf16Errors, OfMeanAndDeviationAreTheLargestOfTheFolder) {
  const Json outputs = {{"logits_mean_std", output(0.1, 0.05)}};
  const std::vector<Json> cases = {{{"outputs", outputs}},
                                   {{"outputs", {{"logits_mean_std", output(0.2, 0.04)}}}}};
  const auto found = bf16_errors(JsonObject(outputs, "test"), "logits_mean_std", cases);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->max_abs, 0.2);
  EXPECT_DOUBLE_EQ(found->mean_abs, 0.05);
}

TEST(Bf16Errors, RejectNegativeFigures) {
  const Json outputs = {{"logits", output(-1, 0)}};
  EXPECT_THROW(bf16_errors(JsonObject(outputs, "test"), "logits", {}), Error);
}

}  // namespace
}  // namespace modernbert
