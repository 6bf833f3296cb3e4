#include "verify/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace modernbert {
namespace {

using ::testing::HasSubstr;

ExpectedOutput output_with(double tolerance, std::optional<ReferenceErrors> bf16) {
  ExpectedOutput output;
  output.name = "logits";
  output.fp32_tolerance = tolerance;
  output.bf16 = bf16;
  return output;
}

CaseResult result_of(const CaseReport& report) {
  CaseSpec spec;
  spec.name = "case";
  return report.result(CaseFolder{}, spec);
}

TEST(BarsOf, Fp32HasOneOnTheLargestError) {
  const Bars bars = bars_of(output_with(1e-5, ReferenceErrors{0.1, 0.01}), ComputeType::kFp32);
  EXPECT_DOUBLE_EQ(bars.max_abs, 1e-5);
  EXPECT_TRUE(std::isinf(bars.mean_abs));
}

TEST(BarsOf, Bf16AllowsTwiceTheLargestAndFiveQuartersOfTheMeanError) {
  const Bars bars = bars_of(output_with(1e-5, ReferenceErrors{0.1, 0.01}), ComputeType::kBf16);
  EXPECT_DOUBLE_EQ(bars.max_abs, 0.2);
  EXPECT_DOUBLE_EQ(bars.mean_abs, 0.0125);
}

TEST(BarsOf, Bf16WithoutFiguresIsOnlyReported) {
  EXPECT_TRUE(std::isinf(bars_of(output_with(1e-5, std::nullopt), ComputeType::kBf16).max_abs));
}

TEST(Difference, MeasuresLargestAndMean) {
  const Difference d = difference(std::array{1.0f, 2.0f, 3.5f, 0.0f}, std::array{1.0f, 1.0f, 4.0f, 0.0f});
  EXPECT_DOUBLE_EQ(d.max_abs, 1.0);
  EXPECT_DOUBLE_EQ(d.mean_abs, 0.375);
}

TEST(CaseReport, KeepsTheOutputThatUsesMostOfItsBar) {
  CaseReport report(ComputeType::kFp32);
  report.compare("large", std::array{1.0f}, std::array{1.5f}, {.max_abs = 10});
  report.compare("small", std::array{1.0f}, std::array{1.25f}, {.max_abs = 0.5});
  report.compare("exact", std::array{1.0f}, std::array{1.0f}, {.max_abs = 0});
  const CaseResult result = result_of(report);
  EXPECT_EQ(result.status, CaseStatus::kPassed);
  EXPECT_EQ(result.output, "small");
  EXPECT_DOUBLE_EQ(result.share, 0.5);
}

TEST(CaseReport, FailsOnTheMeanAlone) {
  CaseReport report(ComputeType::kBf16);
  report.compare("logits", std::array{0.2f, 0.2f}, std::array{0.0f, 0.0f}, {.max_abs = 1, .mean_abs = 0.1});
  const CaseResult result = result_of(report);
  EXPECT_EQ(result.status, CaseStatus::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("mean_abs"));
}

TEST(CaseReport, FailsOnNanEvenWithoutABar) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    CaseReport report(ComputeType::kBf16);
    report.compare("logits", std::array{bad}, std::array{0.0f}, {});
    EXPECT_EQ(result_of(report).status, CaseStatus::kFailed);
  }
}

TEST(CaseReport, FailsOnACountThatDiffersAndOnNothing) {
  CaseReport count(ComputeType::kFp32);
  count.compare("logits", std::array{1.0f, 2.0f}, std::array{1.0f}, {});
  EXPECT_EQ(result_of(count).reason, "logits: 2 values, want 1");
  EXPECT_EQ(result_of(CaseReport(ComputeType::kFp32)).status, CaseStatus::kFailed);
}

TEST(CaseReport, AMismatchFailsWhatIsNumericallyFine) {
  CaseReport report(ComputeType::kFp32);
  report.compare("logits", std::array{1.0f}, std::array{1.0f}, {.max_abs = 1});
  report.mismatch("text 0: token 1 is 5, want 6");
  report.mismatch("later");
  EXPECT_EQ(result_of(report).status, CaseStatus::kFailed);
  EXPECT_EQ(result_of(report).reason, "text 0: token 1 is 5, want 6");
}

}  // namespace
}  // namespace modernbert
