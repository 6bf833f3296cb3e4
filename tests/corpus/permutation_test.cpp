#include "corpus/permutation.h"

#include <gtest/gtest.h>

#include <vector>

namespace modernbert {
namespace {

TEST(Permutation, VisitsEveryValueOnce) {
  for (const uint64_t size : {1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4096, 4097}) {
    const Permutation order(size, 42);
    std::vector<int> visits(size);
    for (uint64_t place = 0; place < size; ++place) {
      ASSERT_LT(order[place], size);
      ++visits[order[place]];
    }
    EXPECT_EQ(visits, std::vector<int>(size, 1)) << size;
  }
}

// Over many keys each value comes first equally often; chi-square with 7 degrees of freedom, p = 0.0001.
TEST(Permutation, EveryValueIsFirstEquallyOften) {
  constexpr int kKeys = 8000;
  std::vector<int> first(8);
  for (int key = 0; key < kKeys; ++key) ++first[Permutation(8, key)[0]];
  double chi_square = 0;
  for (const int count : first) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 29.9);
}

TEST(Permutation, NeighboursArePulledApart) {
  const Permutation order(10000, 1);
  int adjacent = 0;
  for (uint64_t place = 1; place < order.size(); ++place) {
    adjacent += order[place] == order[place - 1] + 1 || order[place] + 1 == order[place - 1];
  }
  EXPECT_LT(adjacent, 15);  // 2 expected
}

}  // namespace
}  // namespace modernbert
