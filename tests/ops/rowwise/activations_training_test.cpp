// Against the reference, and that against finite differences.
#include "ops/rowwise/activations_training.h"

#include <gtest/gtest.h>

#include "ops/all_activations.h"
#include "ops/rowwise/activations.h"
#include "ops/uniform_matrix.h"

namespace modernbert {
namespace {

using testing::kAllActivations;
using testing::uniform_matrix;

TEST(ActivationDerivative, MatchesFiniteDifferences) {
  constexpr double kStep = 1e-5;
  for (const ActivationFunction& activation : kAllActivations) {
    for (double x = -8.03; x < 8; x += 0.317) {
      const double difference =
          (ref::activation(activation, x + kStep) - ref::activation(activation, x - kStep)) / (2 * kStep);
      EXPECT_NEAR(ref::activation_derivative(activation, x), difference, 1e-8)
          << to_string(activation.kind) << " at " << x;
    }
  }
}

TEST(ActivationBackward, MatchesReference) {
  constexpr int64_t kInner = 37;
  const Matrix ug = uniform_matrix(5, 2 * kInner, 1, 4), dy = uniform_matrix(5, kInner, 2);
  for (const ActivationFunction& activation : kAllActivations) {
    Matrix y(5, kInner), forward(5, kInner), dug(5, 2 * kInner);
    activate_backward<float>(activation, true, ug.view(), dy.view(), y.view(), dug.view());
    activate_rows<float>(activation, true, ug.view(), forward.view());
    for (int64_t r = 0; r < 5; ++r) {
      for (int64_t i = 0; i < kInner; ++i) {
        const double u = ug.row(r)[i], g = ug.row(r)[kInner + i], d = dy.row(r)[i];
        EXPECT_EQ(y.row(r)[i], forward.row(r)[i]);
        EXPECT_NEAR(y.row(r)[i], ref::activation(activation, u) * g, 3e-6) << to_string(activation.kind);
        EXPECT_NEAR(dug.row(r)[i], d * g * ref::activation_derivative(activation, u), 5e-6)
            << to_string(activation.kind) << " at " << u;
        EXPECT_NEAR(dug.row(r)[kInner + i], d * ref::activation(activation, u), 3e-6)
            << to_string(activation.kind);
      }
    }
  }
}

// Against differences of the outputs' sum, weighted by dy.
TEST(ActivationBackward, SlopeOfPreluHasItsGradient) {
  constexpr int64_t kInner = 37;
  constexpr float kStep = 1.0f / 64;
  const Matrix ug = uniform_matrix(5, 2 * kInner, 1, 4), dy = uniform_matrix(5, kInner, 2);
  for (const bool gated : {false, true}) {
    const MatView<const float> x = gated ? ug.view() : ug.view().slice_cols(0, kInner);
    const auto loss = [&](float slope) {
      Matrix y(5, kInner);
      activate_rows<float>({Activation::kPrelu, slope}, gated, x, y.view());
      double sum = 0;
      for (int64_t r = 0; r < 5; ++r) {
        for (int64_t i = 0; i < kInner; ++i) sum += double{y.row(r)[i]} * dy.row(r)[i];
      }
      return sum;
    };
    const double difference = (loss(0.25f + kStep) - loss(0.25f - kStep)) / (2 * kStep);
    EXPECT_NEAR(slope_gradient<float>(gated, x, dy.view()), difference, 1e-4) << gated;
  }
}

TEST(ActivationBackward, GeluIsSmoothAtZero) {
  Matrix x(1, 64), dy(1, 64), y(1, 64), dx(1, 64);
  for (int64_t i = 0; i < 64; ++i) {
    x.row(0)[i] = (static_cast<float>(i) - 32) * 1e-3f;
    dy.row(0)[i] = 1;
  }
  activate_backward<float>(Activation::kGelu, false, x.view(), dy.view(), y.view(), dx.view());
  for (int64_t i = 0; i < 64; ++i)
    EXPECT_NEAR(dx.row(0)[i], ref::activation_derivative(Activation::kGelu, x.row(0)[i]), 3e-6)
        << x.row(0)[i];
}

}  // namespace
}  // namespace modernbert
