#include "ops/rowwise/dropout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace modernbert {
namespace {

TEST(Dropout, DrawsDependOnTheirPlaceAlone) {
  const Dropout dropout{0.3, 5};
  std::vector<float> whole(1000), part(100);
  draw_dropout(dropout, 3, 0, 1000, whole.data());
  draw_dropout(dropout, 3, 400, 100, part.data());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 400));
  double sum = 0;
  for (const float factor : whole) sum += factor;
  EXPECT_NEAR(sum / 1000, 1, 0.1);
}

}  // namespace
}  // namespace modernbert
