// Backward passes of single ops: fast against reference, and the reference against finite differences in
// double.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "all_activations.h"
#include "ops/activations.h"
#include "ops/activations_training.h"
#include "ops/attention_training.h"
#include "ops/block_product.h"
#include "ops/cross_entropy.h"
#include "ops/dropout.h"
#include "ops/norm_training.h"

namespace modernbert {
namespace {

Matrix uniform_matrix(int64_t rows, int64_t cols, uint32_t seed, float spread = 1) {
  std::minstd_rand generator(seed);
  std::uniform_real_distribution<float> uniform(-spread, spread);
  Matrix matrix(rows, cols);
  for (int64_t r = 0; r < rows; ++r) {
    for (float& value : matrix.row(r)) value = uniform(generator);
  }
  return matrix;
}

double relative_distance(std::span<const float> actual, std::span<const double> expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    difference += std::pow(actual[i] - expected[i], 2);
    norm += std::pow(expected[i], 2);
  }
  return std::sqrt(difference / norm);
}

// ---- activations

using testing::kAllActivations;

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

// ---- norms

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

// ---- attention

// Straightforward, in double: out, and the gradients of q, k and v for a given gradient of out.
struct AttentionReference {
  AttentionReference(const Matrix& q, const Matrix& k, const Matrix& v, int64_t window, const Matrix& dout)
      : out(size(q)), dq(size(q)), dk(size(q)), dv(size(q)) {
    const int64_t length = q.rows(), dim = q.cols();
    const double scale = 1 / std::sqrt(static_cast<double>(dim));
    for (int64_t i = 0; i < length; ++i) {
      std::vector<double> p(static_cast<size_t>(length)), dp(static_cast<size_t>(length));
      double sum = 0, dot = 0;
      const auto sees = [&](int64_t j) { return window < 0 || std::abs(i - j) <= window; };
      for (int64_t j = 0; j < length; ++j) {
        double score = 0;
        for (int64_t c = 0; c < dim; ++c) score += static_cast<double>(q.row(i)[c]) * k.row(j)[c];
        sum += p[static_cast<size_t>(j)] = sees(j) ? std::exp(score * scale) : 0;
      }
      for (int64_t j = 0; j < length; ++j) {
        const auto at = static_cast<size_t>(j);
        p[at] /= sum;
        for (int64_t c = 0; c < dim; ++c) {
          out[static_cast<size_t>(i * dim + c)] += p[at] * v.row(j)[c];
          dv[static_cast<size_t>(j * dim + c)] += p[at] * dout.row(i)[c];
          dp[at] += static_cast<double>(dout.row(i)[c]) * v.row(j)[c];
        }
        dot += p[at] * dp[at];
      }
      for (int64_t j = 0; j < length; ++j) {
        const double ds = p[static_cast<size_t>(j)] * (dp[static_cast<size_t>(j)] - dot) * scale;
        for (int64_t c = 0; c < dim; ++c) {
          dq[static_cast<size_t>(i * dim + c)] += ds * k.row(j)[c];
          dk[static_cast<size_t>(j * dim + c)] += ds * q.row(i)[c];
        }
      }
    }
  }
  static size_t size(const Matrix& m) { return static_cast<size_t>(m.rows() * m.cols()); }
  std::vector<double> out, dq, dk, dv;
};

struct AttentionShape {
  int64_t length, dim, window;
};

template <class E>
struct RoundedMatrix {
  explicit RoundedMatrix(const Matrix& m)
      : data(static_cast<size_t>(m.rows() * m.cols())), rows(m.rows()), cols(m.cols()) {
    round_rows<E>(m.view(), view());
  }
  MatView<E> view() { return {data.data(), rows, cols}; }
  Matrix widened() {
    Matrix m(rows, cols);
    add_to_rows<E>(view(), m.view());
    return m;
  }
  std::vector<E> data;
  int64_t rows, cols;
};

template <class E>
void check_attention(const AttentionShape& shape, double bar) {
  const auto make = [&](uint32_t seed) {
    return RoundedMatrix<E>(uniform_matrix(shape.length, shape.dim, seed, 2));
  };
  RoundedMatrix<E> q = make(1), k = make(2), v = make(3), dout = make(4), out = make(5), dq = make(6),
                   dk = make(7), dv = make(8);
  const AttentionReference expected(q.widened(), k.widened(), v.widened(), shape.window, dout.widened());
  TrainedHeadScratch scratch;
  std::vector<float> log_sums(static_cast<size_t>(shape.length));
  const TrainedHead<E> head{q.view(), k.view(), v.view(), shape.window, {}};
  Matrix exact(shape.length, shape.dim);
  const HeadRecord record{log_sums.data(), exact.view()};
  attention_forward<E>(head, out.view(), record, scratch);
  HeadGradients<E> gradients;
  gradients.dout = dout.view();
  gradients.record = record;
  gradients.dq = dq.view();
  gradients.dk = dk.view();
  gradients.dv = dv.view();
  attention_backward<E>(head, gradients, scratch);
  EXPECT_LT(relative_distance(out.widened().values(), expected.out), bar);
  EXPECT_LT(relative_distance(dv.widened().values(), expected.dv), bar);
  if (shape.length == 1) return;  // the others' gradients are zero there
  EXPECT_LT(relative_distance(dq.widened().values(), expected.dq), bar);
  EXPECT_LT(relative_distance(dk.widened().values(), expected.dk), bar);
}

class AttentionTraining : public ::testing::TestWithParam<AttentionShape> {};

TEST_P(AttentionTraining, MatchesReferenceInFp32) {
  // The exponential has a relative error of 2e-7; narrow windows subtract weights that are nearly equal.
  check_attention<float>(GetParam(), 5e-6);
}
TEST_P(AttentionTraining, MatchesReferenceInBf16) {
  check_attention<Bf16>(GetParam(), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AttentionTraining,
    ::testing::Values(AttentionShape{1, 64, -1}, AttentionShape{2, 16, -1}, AttentionShape{63, 64, -1},
                      AttentionShape{64, 80, -1}, AttentionShape{65, 32, 8}, AttentionShape{200, 64, 64},
                      AttentionShape{257, 64, -1}, AttentionShape{257, 48, 16}, AttentionShape{130, 64, 1}),
    [](const auto& instance) {
      return fmt::format("L{}_D{}_{}", instance.param.length, instance.param.dim,
                         instance.param.window < 0 ? "global" : fmt::format("w{}", instance.param.window));
    });

// The derivative of a loss along a random direction, with dropped weights: finite differences of the fp32
// forward pass.
TEST(AttentionDropout, GradientMatchesFiniteDifferences) {
  constexpr int64_t kLength = 70, kDim = 32;
  const Matrix v = uniform_matrix(kLength, kDim, 3), dout = uniform_matrix(kLength, kDim, 4);
  Matrix q = uniform_matrix(kLength, kDim, 1), k = uniform_matrix(kLength, kDim, 2);
  Matrix out(kLength, kDim), exact(kLength, kDim), dq(kLength, kDim), dk(kLength, kDim), dv(kLength, kDim);
  TrainedHeadScratch scratch;
  std::vector<float> log_sums(kLength);
  const HeadRecord record{log_sums.data(), exact.view()};
  const auto loss = [&] {
    attention_forward<float>({q.view(), k.view(), v.view(), -1, {0.25, 7}}, out.view(), record, scratch);
    double sum = 0;
    for (size_t i = 0; i < out.values().size(); ++i)
      sum += static_cast<double>(out.values()[i]) * dout.values()[i];
    return sum;
  };
  loss();
  HeadGradients<float> gradients;
  gradients.dout = dout.view();
  gradients.record = record;
  gradients.dq = dq.view();
  gradients.dk = dk.view();
  gradients.dv = dv.view();
  attention_backward<float>({q.view(), k.view(), v.view(), -1, {0.25, 7}}, gradients, scratch);
  for (Matrix* moved : {&q, &k}) {
    const Matrix& gradient = moved == &q ? dq : dk;
    const Matrix direction = uniform_matrix(kLength, kDim, 9);
    constexpr float kStep = 1e-2f;
    double along = 0;
    for (size_t i = 0; i < direction.values().size(); ++i)
      along += static_cast<double>(gradient.values()[i]) * direction.values()[i];
    const auto shift = [&](float step) {
      for (int64_t r = 0; r < kLength; ++r) {
        for (int64_t c = 0; c < kDim; ++c) moved->row(r)[c] += step * direction.row(r)[c];
      }
    };
    shift(kStep);
    const double above = loss();
    shift(-2 * kStep);
    const double below = loss();
    shift(kStep);
    EXPECT_NEAR((above - below) / (2 * kStep), along, 2e-3 * std::max(1.0, std::abs(along)));
  }
}

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

// ---- cross-entropy

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
