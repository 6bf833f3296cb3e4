// Expected values from the definitions, in double.
#include "verify/losses.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "modernbert/error.h"

namespace modernbert {
namespace {

constexpr std::array kLogits = {1.5f, -0.25f, 0.5f, 2.0f, 2.0f, -3.0f};

TEST(CrossEntropy, IsTheMeanOverLabelledRows) {
  const MatView<const float> logits(kLogits.data(), 2, 3);
  const double first = -1.5 + std::log(std::exp(1.5) + std::exp(-0.25) + std::exp(0.5));
  const double second = 3.0 + std::log(2 * std::exp(2.0) + std::exp(-3.0));
  EXPECT_NEAR(cross_entropy(logits, std::array{0, 2}), (first + second) / 2, 1e-12);
  EXPECT_NEAR(cross_entropy(logits, std::array{-100, 2}), second, 1e-12);
}

TEST(CrossEntropy, SurvivesLargeLogits) {
  const std::array large = {1e4f, -1e4f};
  EXPECT_NEAR(cross_entropy({large.data(), 1, 2}, std::array{1}), 2e4, 1e-9);
}

TEST(CrossEntropy, RejectsLabelsOutsideTheClasses) {
  const MatView<const float> logits(kLogits.data(), 2, 3);
  EXPECT_THROW(cross_entropy(logits, std::array{0, 3}), Error);
  EXPECT_THROW(cross_entropy(logits, std::array{0, -1}), Error);
}

TEST(MeanSquaredError, IsOverAllElements) {
  EXPECT_DOUBLE_EQ(mean_squared_error(std::array{1.0f, 2.0f}, std::array{0.0f, 4.0f}), 2.5);
}

TEST(BinaryCrossEntropy, MatchesItsDefinitionAndDoesNotOverflow) {
  const double sigmoid = 1 / (1 + std::exp(-0.75));
  EXPECT_NEAR(binary_cross_entropy_with_logits(std::array{0.75f}, std::array{1.0f}), -std::log(sigmoid),
              1e-12);
  EXPECT_NEAR(binary_cross_entropy_with_logits(std::array{0.75f}, std::array{0.0f}), -std::log(1 - sigmoid),
              1e-12);
  EXPECT_DOUBLE_EQ(binary_cross_entropy_with_logits(std::array{-1000.0f}, std::array{1.0f}), 1000);
}

TEST(ProblemType, FollowsTheLabelsWhereTheConfigIsSilent) {
  EncoderConfig config;
  config.num_labels = 1;
  EXPECT_EQ(resolve_problem_type(config, true), ProblemType::kRegression);
  config.num_labels = 3;
  EXPECT_EQ(resolve_problem_type(config, true), ProblemType::kSingleLabel);
  EXPECT_EQ(resolve_problem_type(config, false), ProblemType::kMultiLabel);
  config.problem_type = ProblemType::kRegression;
  EXPECT_EQ(resolve_problem_type(config, true), ProblemType::kRegression);
}

}  // namespace
}  // namespace modernbert
