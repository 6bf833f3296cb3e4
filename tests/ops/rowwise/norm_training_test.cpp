// Against the reference, and that against finite differences in double.
#include "ops/rowwise/norm_training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ops/uniform_matrix.h"

namespace modernbert {
namespace {

using testing::uniform_matrix;

double norm_loss(const RowNorm& norm, const Matrix& x, const Matrix& dy, int64_t row, int64_t moved,
                 double step) {
  const auto count = static_cast<double>(x.cols());
  std::vector<double> values(x.row(row).begin(), x.row(row).end());
  values[static_cast<size_t>(moved)] += step;
  double mean = 0, variance = 0, loss = 0;
  if (norm.centers) {
    for (const double value : values) mean += value / count;
  }
  for (const double value : values) variance += (value - mean) * (value - mean) / count;
  for (size_t i = 0; i < values.size(); ++i)
    loss += dy.row(row)[i] * (norm.weight.empty() ? 1 : norm.weight[i]) * (values[i] - mean) /
            std::sqrt(variance + 1e-5);
  return loss;
}

// LayerNorm or RMSNorm, with weights or without.
class NormGradient : public ::testing::TestWithParam<std::tuple<bool, bool>> {};
INSTANTIATE_TEST_SUITE_P(Kinds, NormGradient, ::testing::Combine(::testing::Bool(), ::testing::Bool()));

TEST_P(NormGradient, ReferenceMatchesFiniteDifferencesAndFastMatchesReference) {
  constexpr int64_t kRows = 3, kCols = 45;
  const auto [centers, has_weight] = GetParam();
  const Matrix start = uniform_matrix(kRows, kCols, 3, 2), dy = uniform_matrix(kRows, kCols, 4),
               w = uniform_matrix(1, kCols, 5);
  RowNorm norm{centers, 1e-5f, {}, {}};
  if (has_weight) norm.weight = w.row(0);
  Matrix expected(kRows, kCols);
  std::vector<double> dweight(kCols), dbias(kCols);
  ref::normalize_backward(start.view(), norm, dy.view(), expected.view(), dweight, dbias);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t i = 0; i < kCols; ++i) {
      const double difference =
          (norm_loss(norm, start, dy, r, i, 1e-5) - norm_loss(norm, start, dy, r, i, -1e-5)) / 2e-5;
      EXPECT_NEAR(expected.row(r)[i], difference, 1e-6);
    }
  }
  Matrix x = uniform_matrix(kRows, kCols, 3, 2), normalized(kRows, kCols), out(kRows, kCols);
  std::vector<float> rstd(kRows), fast_weight(kCols), fast_bias(kCols);
  NormForward<float> forward;
  forward.x = x.view();
  forward.centers = centers;
  forward.weight = has_weight ? norm.weight.data() : nullptr;
  forward.eps = 1e-5f;
  forward.normalized = normalized.view();
  forward.rstd = rstd.data();
  forward.out = out.view();
  add_and_normalize(forward);
  Matrix dx(kRows, kCols);
  NormBackward<float> backward;
  backward.dy = dy.view();
  backward.normalized = normalized.view();
  backward.rstd = rstd.data();
  backward.centers = centers;
  backward.weight = forward.weight;
  backward.dx = dx.view();
  backward.dweight = has_weight ? fast_weight.data() : nullptr;
  backward.dbias = fast_bias.data();
  normalize_backward(backward);
  for (int64_t i = 0; i < kCols; ++i) {
    if (has_weight) {
      EXPECT_NEAR(fast_weight[i], dweight[i], 2e-6);
    }
    EXPECT_NEAR(fast_bias[i], dbias[i], 2e-6);
    for (int64_t r = 0; r < kRows; ++r) EXPECT_NEAR(dx.row(r)[i], expected.row(r)[i], 2e-6);
  }
}

}  // namespace
}  // namespace modernbert
