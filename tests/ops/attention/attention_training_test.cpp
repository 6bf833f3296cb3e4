// Against the formula in double; with dropped weights against finite differences.
#include "ops/attention/attention_training.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ops/rowwise/norm_training.h"
#include "ops/uniform_matrix.h"

namespace modernbert {
namespace {

using testing::uniform_matrix;

double relative_distance(std::span<const float> actual, std::span<const double> expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    difference += std::pow(actual[i] - expected[i], 2);
    norm += std::pow(expected[i], 2);
  }
  return std::sqrt(difference / norm);
}

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

}  // namespace
}  // namespace modernbert
