// Shared by the op tests: seeded inputs, distances with their worst element, and a loop over all vector
// targets.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace modernbert::testing {

inline std::vector<float> normal_values(size_t count, unsigned seed, float deviation = 1.0f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

// Fails with the worst element unless |a - b| <= absolute + relative * |b| everywhere (NaN fails).
inline void expect_close(std::span<const float> actual, std::span<const float> expected, double absolute,
                         double relative, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  size_t worst = 0;
  double worst_excess = -1;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double error = std::fabs(static_cast<double>(actual[i]) - expected[i]);
    const double excess = error / (absolute + relative * std::fabs(expected[i]));
    if (!(excess <= worst_excess)) {
      worst = i;
      worst_excess = excess;
    }
  }
  EXPECT_LE(worst_excess, 1.0) << what << ": element " << worst << " is " << actual[worst] << ", want "
                               << expected[worst];
}

// Runs the body once for every vector target of this CPU, forced through Highway's dispatch.
template <class Body>
void for_each_target(Body body) {
  const int64_t all = hwy::SupportedTargets() & HWY_TARGETS;  // those that the kernels are compiled for
  for (int64_t rest = all; rest != 0; rest &= rest - 1) {
    const int64_t target = rest & -rest;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    ASSERT_EQ(hwy::SupportedTargets(), target);
    SCOPED_TRACE(hwy::TargetName(static_cast<uint32_t>(target)));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace modernbert::testing
