// Against the reference, and that against finite differences.
#include "ops/rowwise/cross_entropy.h"

#include <gtest/gtest.h>

#include <vector>

#include "ops/uniform_matrix.h"

namespace modernbert {
namespace {

using testing::uniform_matrix;

TEST(CrossEntropy, MatchesReference) {
  const Matrix start = uniform_matrix(4, 1003, 6, 5);
  const std::vector<int32_t> labels = {0, 1002, 17, 500};
  for (const CrossEntropyOptions options :
       {CrossEntropyOptions{}, CrossEntropyOptions{0.1, 0}, CrossEntropyOptions{0.05, 0.01},
        CrossEntropyOptions{0.05, 0.01, 0.5}}) {
    Matrix logits = uniform_matrix(4, 1003, 6, 5), expected(4, 1003);
    const auto reference = ref::cross_entropy(options, labels, 0.25, start.view(), expected.view());
    const auto sums = cross_entropy<float>(options, labels, 0.25f, logits.view(), logits.view());
    EXPECT_NEAR(sums.cross_entropy, reference.cross_entropy, 1e-5);
    EXPECT_NEAR(sums.z_loss, reference.z_loss, 1e-5);
    for (size_t i = 0; i < logits.values().size(); ++i)
      EXPECT_NEAR(logits.values()[i], expected.values()[i], 1e-7);
  }
}

TEST(CrossEntropy, ReferenceMatchesFiniteDifferences) {
  const CrossEntropyOptions options{0.1, 0.02, 1.5};
  const std::vector<int32_t> labels = {3};
  Matrix logits = uniform_matrix(1, 9, 7, 2), gradient(1, 9), unused(1, 9);
  ref::cross_entropy(options, labels, 1, logits.view(), gradient.view());
  for (int64_t i = 0; i < 9; ++i) {
    const auto loss = [&](float step) {
      Matrix moved = uniform_matrix(1, 9, 7, 2);
      moved.row(0)[i] += step;
      const auto sums = ref::cross_entropy(options, labels, 1, moved.view(), unused.view());
      return sums.cross_entropy + sums.z_loss;
    };
    EXPECT_NEAR((loss(1e-3f) - loss(-1e-3f)) / 2e-3, gradient.row(0)[i], 1e-4);
  }
}

}  // namespace
}  // namespace modernbert
