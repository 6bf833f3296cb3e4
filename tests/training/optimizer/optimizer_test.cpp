// Against stored runs of other libraries: tests/verify (kind optimizers). Here: what those cannot show.
#include "training/optimizer/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.h"
#include "training/optimizer/gradient_norm.h"
#include "training/optimizer/newton_schulz.h"

namespace modernbert {
namespace {

std::vector<float> random_values(uint64_t key, size_t count, double scale = 1) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(scale * random_normal(key, i));
  return values;
}

// The textbook, in double, for one tensor.
struct Reference {
  OptimizerConfig config;
  std::vector<double> p, m, v;
  int t = 0;

  void stable_step(const std::vector<float>& gradient, double rate, double scale, bool decays) {
    ++t;
    const auto debiased = [this](double b) { return b * (1 - std::pow(b, t - 1)) / (1 - std::pow(b, t)); };
    const double b1 = debiased(config.beta1), b2 = debiased(config.beta2), eps = config.epsilon;
    double sum = 0;
    for (size_t i = 0; i < p.size(); ++i) {
      const double g = scale * gradient[i];
      m[i] = b1 * m[i] + (1 - b1) * g;
      v[i] = b2 * v[i] + (1 - b2) * g * g;
      sum += g * g / std::max(v[i], eps * eps);
    }
    const double lr = rate / std::max(1.0, std::sqrt(sum / static_cast<double>(p.size())));
    for (size_t i = 0; i < p.size(); ++i) {
      if (decays) p[i] *= 1 - lr / config.learning_rate * config.weight_decay;
      p[i] -= lr * m[i] / (std::sqrt(v[i]) + eps);
    }
  }
};

// Sizes around the vector width and around the parts that threads take.
TEST(Optimizer, StableAdamWEqualsTheTextbookForAnySize) {
  for (const int64_t size : {1, 2, 7, 8, 15, 17, 33, 1023, 1025, (1 << 15) + 3}) {
    OptimizerConfig config{.learning_rate = 0.01, .weight_decay = 0.1};
    Optimizer optimizer(config, {{.offset = 0, .size = size, .decays = true}}, 2);
    std::vector<float> values = random_values(1, static_cast<size_t>(size));
    Reference reference{config,
                        {values.begin(), values.end()},
                        std::vector<double>(values.size()),
                        std::vector<double>(values.size())};
    for (uint64_t step = 0; step < 5; ++step) {
      const auto gradient = random_values(2 + step, values.size(), 0.1 * static_cast<double>(step + 1));
      optimizer.step(values, gradient, 0.008, 0.5);
      reference.stable_step(gradient, 0.008, 0.5, true);
    }
    // A value is rounded a few times a step at magnitudes below 4: five steps of a few ulp.
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_NEAR(values[i], reference.p[i], 5e-6) << size << " " << i;
  }
}

TEST(Optimizer, HasTheSameBitsForAnyNumberOfThreads) {
  for (const OptimizerKind kind : {OptimizerKind::kStableAdamW, OptimizerKind::kAdamW}) {
    std::vector<std::vector<float>> results;
    for (const int threads : {1, 2, 3}) {
      Optimizer optimizer({.kind = kind},
                          {{.offset = 0, .size = 100'000, .decays = true}, {.offset = 100'000, .size = 77}},
                          threads);
      std::vector<float> values = random_values(1, 100'077);
      for (uint64_t step = 0; step < 3; ++step)
        optimizer.step(values, random_values(9 + step, values.size()), 1e-3, 1);
      results.push_back(values);
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
  }
}

TEST(Optimizer, GoesOnFromRestoredMoments) {
  const std::vector<OptimizedTensor> tensors = {{.offset = 0, .size = 50, .decays = true}};
  Optimizer whole({}, tensors, 1), first({}, tensors, 1), second({}, tensors, 1);
  std::vector<float> a = random_values(1, 50), b = a;
  for (uint64_t step = 0; step < 4; ++step) whole.step(a, random_values(step, 50), 1e-3, 1);
  for (uint64_t step = 0; step < 2; ++step) first.step(b, random_values(step, 50), 1e-3, 1);
  std::ranges::copy(first.first_moment(), second.first_moment().begin());
  std::ranges::copy(first.second_moment(), second.second_moment().begin());
  second.set_steps(first.steps());
  for (uint64_t step = 2; step < 4; ++step) second.step(b, random_values(step, 50), 1e-3, 1);
  EXPECT_EQ(a, b);
}

// Rows × cols in double, by the definition.
std::vector<double> orthogonalized(const std::vector<float>& x, size_t rows, size_t cols) {
  const size_t n = std::min(rows, cols), w = std::max(rows, cols);
  double norm = 0;
  for (const float value : x) norm += static_cast<double>(value) * value;
  std::vector<double> y(n * w), next(n * w), a(n * n), p(n * n);
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < cols; ++c)
      y[rows <= cols ? r * w + c : c * w + r] = x[r * cols + c] / (std::sqrt(norm) + 1e-7);
  for (int step = 0; step < 5; ++step) {
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) {
        a[i * n + j] = 0;
        for (size_t k = 0; k < w; ++k) a[i * n + j] += y[i * w + k] * y[j * w + k];
      }
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) {
        p[i * n + j] = -4.7750 * a[i * n + j];
        for (size_t k = 0; k < n; ++k) p[i * n + j] += 2.0315 * a[i * n + k] * a[k * n + j];
      }
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < w; ++j) {
        next[i * w + j] = 3.4445 * y[i * w + j];
        for (size_t k = 0; k < n; ++k) next[i * w + j] += p[i * n + k] * y[k * w + j];
      }
    y = next;
  }
  std::vector<double> out(x.size());
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < cols; ++c) out[r * cols + c] = y[rows <= cols ? r * w + c : c * w + r];
  return out;
}

TEST(NewtonSchulz, EqualsTheDefinitionForWideTallAndSquare) {
  for (const auto& [rows, cols] : {std::pair<size_t, size_t>{5, 9}, {9, 5}, {8, 8}, {1, 4}, {33, 17}}) {
    std::vector<float> x = random_values(rows, rows * cols);
    const auto want = orthogonalized(x, rows, cols);
    NewtonSchulzScratch scratch;
    orthogonalize({x.data(), static_cast<int64_t>(rows), static_cast<int64_t>(cols)}, ProductType::kFp32,
                  scratch);
    // Entries are at most 1.2; five steps amplify rounding by at most 3.4445^5 = 485 of 1e-7.
    for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], want[i], 6e-5) << rows << "x" << cols;
  }
}

// bf16 factors move single entries; the singular values must stay where five steps leave them.
TEST(NewtonSchulz, RoundedFactorsLeaveSingularValuesNearOne) {
  for (const auto& [rows, cols] : {std::pair<size_t, size_t>{32, 96}, {96, 32}, {64, 64}}) {
    std::vector<float> x = random_values(rows, rows * cols);
    const auto exact = orthogonalized(x, rows, cols);
    NewtonSchulzScratch scratch;
    orthogonalize({x.data(), static_cast<int64_t>(rows), static_cast<int64_t>(cols)}, ProductType::kBf16,
                  scratch);
    double difference = 0, norm = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      difference += (x[i] - exact[i]) * (x[i] - exact[i]);
      norm += exact[i] * exact[i];
    }
    EXPECT_LT(std::sqrt(difference / norm), 0.05) << rows << "x" << cols;
    const auto n = static_cast<double>(std::min(rows, cols));
    EXPECT_NEAR(std::sqrt(norm / n), 0.95, 0.25);  // root mean square of the singular values
  }
}

// The first step, by hand: momentum 0.95 gives an update along the gradient; a rank-one gradient has one
// singular value, which five iterations from 1 take to a known number.
TEST(Optimizer, MuonMovesARankOneGradientByItsScaledDirection) {
  OptimizerConfig config{.kind = OptimizerKind::kMuon, .learning_rate = 0.1, .weight_decay = 0};
  config.muon_update = 0.3;
  Optimizer optimizer(config, {{.offset = 0, .size = 6, .rows = 2, .orthogonal = true}}, 1);
  std::vector<float> values(6), gradient = {3, 0, 0, 0, 0, 0};
  optimizer.step(values, gradient, 0.1, 1);
  double s = 1;
  for (int i = 0; i < 5; ++i) s = 3.4445 * s - 4.7750 * std::pow(s, 3) + 2.0315 * std::pow(s, 5);
  EXPECT_NEAR(values[0], -0.1 * 0.3 * std::sqrt(3.0) * s, 1e-5);
  for (size_t i = 1; i < 6; ++i) EXPECT_EQ(values[i], 0);
}

TEST(GradientNorm, IsThatOfAllElementsForAnyNumberOfThreads) {
  const auto gradient = random_values(3, 200'001);
  double sum = 0;
  for (const float g : gradient) sum += static_cast<double>(g) * g;
  EXPECT_NEAR(gradient_norm(gradient, 1), std::sqrt(sum), 1e-9 * std::sqrt(sum));
  EXPECT_EQ(gradient_norm(gradient, 1), gradient_norm(gradient, 3));
  EXPECT_EQ(gradient_norm({}, 1), 0);
}

TEST(GradientNorm, ShowsWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> gradient(1000);
    gradient[777] = bad;
    EXPECT_FALSE(std::isfinite(gradient_norm(gradient, 2)));
  }
}

TEST(ClipFactor, ScalesDownOnly) {
  EXPECT_EQ(clip_factor(10, 0), 1);
  EXPECT_EQ(clip_factor(0.3, 1), 1);
  EXPECT_DOUBLE_EQ(clip_factor(4, 1), 1 / (4 + 1e-6));
}

}  // namespace
}  // namespace modernbert
