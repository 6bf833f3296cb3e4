#include "core/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace modernbert {
namespace {

constexpr int kDraws = 200000;

// The published first outputs of splitmix64 from seed 1234567.
TEST(Random, HashIsSplitmix64) {
  constexpr std::array<uint64_t, 5> kPublished = {6457827717110365317U, 3203168211198807973U,
                                                  9817491932198370423U, 4593380528125082431U,
                                                  16408922859458223821U};
  for (uint64_t i = 0; i < kPublished.size(); ++i) EXPECT_EQ(random_hash(1234567, i), kPublished[i]) << i;
}

TEST(Random, UniformHasTheMomentsOfAUniform) {
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random_uniform(7, i);
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    sum += x;
    squares += x * x;
  }
  // Five standard deviations of the mean of x (1/12) and of x^2 (4/45).
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kDraws));
}

TEST(Random, FloatsStayBelowOne) {
  float largest = 0;
  for (int i = 0; i < kDraws; ++i) largest = std::max(largest, random_uniform_float(3, i));
  EXPECT_LT(largest, 1.0F);
  EXPECT_GT(largest, 0.9999F);
}

TEST(Random, NormalHasTheMomentsOfANormal) {
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random_normal(11, i);
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 * std::sqrt(1.0 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth / kDraws, 3, 5 * std::sqrt(96.0 / kDraws));
}

TEST(Random, BelowReachesEveryValueEquallyOften) {
  std::array<int, 10> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts.at(random_below(5, i, counts.size()));
  const double expected = kDraws / 10.0;
  for (const int count : counts) EXPECT_NEAR(count, expected, 5 * std::sqrt(expected * 0.9));
}

TEST(Random, HashedKeysGiveDifferentSequences) {
  std::set<uint64_t> seen;
  for (uint64_t document = 0; document < 300; ++document) {
    for (uint64_t position = 0; position < 300; ++position) {
      seen.insert(random_hash(random_hash(1, document), position));
    }
  }
  EXPECT_EQ(seen.size(), 300U * 300U);
}

}  // namespace
}  // namespace modernbert
