#include "ops/linear/panel_tuning.h"

#include <gtest/gtest.h>

#include <chrono>

namespace modernbert {
namespace {

void spend(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

void slow_at_every_call(const PanelTask&) {
  spend(std::chrono::microseconds(4));
}

void slow_beyond_128_words(const PanelTask& task) {
  spend(std::chrono::microseconds(task.depth > 128 ? 40 : 1));
}

TEST(PanelTuning, TakesTheFasterWayThroughTheDepth) {
  PanelProduct product{.multiply = slow_at_every_call, .depth_step = 128};
  EXPECT_EQ(with_faster_depth(GemmType::kFp32, product).depth_step, 0);
  product.multiply = slow_beyond_128_words;
  EXPECT_EQ(with_faster_depth(GemmType::kFp32, product).depth_step, 128);
}

TEST(PanelTuning, LeavesTheRestAsItIs) {
  for (const GemmType type : {GemmType::kFp32, GemmType::kBf16, GemmType::kInt8}) {
    const PanelProduct before = panel_product(row_type_of(type)), after = tuned_panel_product(type);
    EXPECT_EQ(after.multiply, before.multiply);
    EXPECT_EQ(after.slice, before.slice);
    EXPECT_EQ(after.few_rows, before.few_rows);
    EXPECT_TRUE(after.depth_step == before.depth_step || after.depth_step == 0);
    PanelProduct portable = portable_panel_product(row_type_of(type));
    portable.depth_step = 128;
    EXPECT_EQ(with_faster_depth(type, portable).widen_row, portable.widen_row);
  }
}

}  // namespace
}  // namespace modernbert
