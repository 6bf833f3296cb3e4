#include "ops/cpu/share.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <vector>

namespace modernbert {
namespace {

TEST(Share, PartsAreNeighboursOfAlmostEqualSize) {
  for (const int64_t total : {0, 1, 2, 7, 36, 100}) {
    for (const int count : {1, 2, 3, 8}) {
      int64_t next = 0;
      for (int index = 0; index < count; ++index) {
        const Range part = Share{index, count}.of(total);
        EXPECT_EQ(part.begin, next);
        EXPECT_GE(part.size(), total / count);
        EXPECT_LE(part.size(), total / count + 1);
        next = part.end;
      }
      EXPECT_EQ(next, total);
    }
  }
}

TEST(Share, WaitingSeesWhatTheOthersDidBefore) {
  constexpr int kThreads = 3, kRounds = 200;
  std::vector<int> written(kThreads, 0);
  bool all_seen = true;
#pragma omp parallel num_threads(kThreads) reduction(&& : all_seen)
  {
    const Share share{omp_get_thread_num(), omp_get_num_threads()};
    for (int round = 1; round <= kRounds; ++round) {
      written[static_cast<size_t>(share.index)] = round;
      share.wait();
      for (int i = 0; i < share.count; ++i) all_seen = all_seen && written[static_cast<size_t>(i)] == round;
      share.wait();
    }
  }
  EXPECT_TRUE(all_seen);
}

}  // namespace
}  // namespace modernbert
