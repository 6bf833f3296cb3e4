#include "training/optimizer/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "training/optimizer/batch_warmup.h"

namespace modernbert {
namespace {

TEST(Schedule, WarmsUpStaysAndDecays) {
  const Schedule schedule{ScheduleKind::kWsdOneMinusSqrt, 100, 1000, 200, 0.001};
  EXPECT_EQ(schedule.multiplier(0), 0);
  EXPECT_DOUBLE_EQ(schedule.multiplier(50), 0.5);
  EXPECT_EQ(schedule.multiplier(100), 1);
  EXPECT_EQ(schedule.multiplier(800), 1);
  EXPECT_DOUBLE_EQ(schedule.multiplier(900), 0.001 + 0.999 * (1 - std::sqrt(0.5)));
  EXPECT_DOUBLE_EQ(schedule.multiplier(1000), 0.001);
  EXPECT_DOUBLE_EQ(schedule.multiplier(2000), 0.001);
}

TEST(Schedule, WithoutWarmupStartsAtOne) {
  EXPECT_EQ(Schedule{ScheduleKind::kConstant}.multiplier(0), 1);
}

// The published switches of base: 768 to 4608 sequences in steps of 768 over 50B tokens.
TEST(BatchWarmup, SwitchesWhereThePublishedRunDid) {
  const BatchWarmup warmup(1, 6, 50'000'000'000);
  EXPECT_EQ(warmup.size_at(0), 1);
  EXPECT_EQ(warmup.size_at(3'333'333'333), 1);
  EXPECT_EQ(warmup.size_at(3'333'333'334), 2);
  EXPECT_EQ(warmup.size_at(9'999'999'999), 2);
  EXPECT_EQ(warmup.size_at(10'000'000'000), 3);
  EXPECT_EQ(warmup.size_at(20'000'000'000), 4);
  EXPECT_EQ(warmup.size_at(33'333'333'334), 5);
  EXPECT_EQ(warmup.size_at(50'000'000'000), 6);
}

TEST(BatchWarmup, CountsTheStepsThatALoopTakes) {
  for (const BatchWarmup& warmup : {BatchWarmup(3), BatchWarmup(1, 6, 5000), BatchWarmup(2, 3, 777)}) {
    for (const int64_t total : {1, 50, 999, 5000, 12345}) {
      int64_t steps = 0;
      for (int64_t tokens = 0; tokens < total; ++steps) tokens += warmup.size_at(tokens) * 50;
      EXPECT_EQ(warmup.count_steps(total, 50), steps) << total;
    }
  }
}

}  // namespace
}  // namespace modernbert
