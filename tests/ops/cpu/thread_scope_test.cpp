#include "ops/cpu/thread_scope.h"

#include <gtest/gtest.h>

namespace modernbert {
namespace {

TEST(ThreadScope, HoldsAndGivesBack) {
  const int threads = omp_get_max_threads();
  omp_set_dynamic(1);
  {
    const ThreadScope one(1);
    EXPECT_EQ(omp_get_max_threads(), 1);
    EXPECT_EQ(omp_get_dynamic(), 0);
    const ThreadScope three(3);
    EXPECT_EQ(omp_get_max_threads(), std::min(3, omp_get_thread_limit()));
  }
  EXPECT_EQ(omp_get_max_threads(), threads);
  EXPECT_EQ(omp_get_dynamic(), 1);
  omp_set_dynamic(0);
}

}  // namespace
}  // namespace modernbert
