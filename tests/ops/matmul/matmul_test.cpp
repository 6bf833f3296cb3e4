#include "ops/matmul/matmul.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "ops/matmul/matmul_amx.h"
#include "ops/op_test.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

Matrix normal_matrix(int64_t rows, int64_t cols, unsigned seed) {
  Matrix matrix(rows, cols);
  std::ranges::copy(testing::normal_values(static_cast<size_t>(rows * cols), seed), matrix.view().data);
  return matrix;
}

// Numbers that bf16 holds, as both types.
struct Bf16Matrix {
  Bf16Matrix(int64_t rows, int64_t cols, unsigned seed)
      : floats(normal_matrix(rows, cols, seed)), data(static_cast<size_t>(rows * cols)) {
    convert_to_bf16(floats.values(), data);
    convert_to_float(data, {floats.view().data, data.size()});
  }
  MatView<const Bf16> view() const { return {data.data(), floats.rows(), floats.cols()}; }
  Matrix floats;
  std::vector<Bf16> data;
};

// Of `count` numbers that lie `a_step` and `b_step` apart. Pointers, since sanitizer builds do not optimise
// tests.
double dot(const float* a, int64_t a_step, const float* b, int64_t b_step, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += double{a[i * a_step]} * b[i * b_step];
  return sum;
}

// Rows, outputs and inputs: some fill the registers of a matrix unit, some do not; sums over more and less
// than it forms at a time.
class HalfProducts : public ::testing::TestWithParam<std::tuple<int64_t, int64_t, int64_t>> {};
INSTANTIATE_TEST_SUITE_P(Shapes, HalfProducts,
                         ::testing::Values(std::tuple{64, 64, 32}, std::tuple{96, 128, 64},
                                           std::tuple{256, 192, 160}, std::tuple{448, 64, 1600},
                                           std::tuple{64, 1728, 64}, std::tuple{1600, 64, 64},
                                           std::tuple{64, 48, 33}));

TEST_P(HalfProducts, MatchDoubleSums) {
  const auto [rows, outputs, inputs] = GetParam();
  const Bf16Matrix x(rows, inputs, 1), w(outputs, inputs, 2), dy(rows, outputs, 3);
  const std::vector<float> bias = testing::normal_values(static_cast<size_t>(outputs), 5);
  Matrix y(rows, outputs), dx(rows, inputs), dw = normal_matrix(outputs, inputs, 4);
  const Matrix before = normal_matrix(outputs, inputs, 4);
  multiply_forward<Bf16, float>(x.view(), w.view(), bias.data(), y.view());
  multiply_input_gradient<Bf16, float>(dy.view(), w.view(), dx.view());
  multiply_weight_gradient<Bf16>(dy.view(), x.view(), dw.view());
  const auto near = [](double value, double sum, int64_t depth) {
    return std::abs(value - sum) <= 1e-6 * static_cast<double>(depth);
  };
  const float *xs = x.floats.values().data(), *ws = w.floats.values().data(),
              *dys = dy.floats.values().data();
  for (int64_t t = 0; t < rows; ++t) {
    for (int64_t o = 0; o < outputs; ++o) {
      const double sum = dot(xs + t * inputs, 1, ws + o * inputs, 1, inputs) + bias[static_cast<size_t>(o)];
      ASSERT_TRUE(near(y.row(t)[o], sum, inputs)) << t << " " << o << ": " << y.row(t)[o] << " " << sum;
    }
    for (int64_t i = 0; i < inputs; ++i) {
      const double sum = dot(dys + t * outputs, 1, ws + i, inputs, outputs);
      ASSERT_TRUE(near(dx.row(t)[i], sum, outputs)) << t << " " << i << ": " << dx.row(t)[i] << " " << sum;
    }
  }
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t i = 0; i < inputs; ++i) {
      const double sum = dot(dys + o, outputs, xs + i, inputs, rows) + before.row(o)[i];
      ASSERT_TRUE(near(dw.row(o)[i], sum, rows)) << o << " " << i << ": " << dw.row(o)[i] << " " << sum;
    }
  }
}

// Results in bf16 are those in fp32, rounded, and no thread changes a bit.
TEST_P(HalfProducts, RoundTheirResultsAndForgetTheThreads) {
  const auto [rows, outputs, inputs] = GetParam();
  const Bf16Matrix x(rows, inputs, 1), w(outputs, inputs, 2), dy(rows, outputs, 3);
  const int saved = omp_get_max_threads();
  std::vector<float> first;
  for (const int threads : {1, 2, 3, 4}) {
    omp_set_num_threads(threads);
    std::vector<Bf16> y(static_cast<size_t>(rows * outputs)), want(y.size());
    Matrix floats(rows, outputs), dw(outputs, inputs);
    multiply_forward<Bf16, Bf16>(x.view(), w.view(), nullptr, MatView<Bf16>(y.data(), rows, outputs));
    multiply_forward<Bf16, float>(x.view(), w.view(), nullptr, floats.view());
    convert_to_bf16(floats.values(), want);
    for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i].bits, want[i].bits) << i;
    multiply_weight_gradient<Bf16>(dy.view(), x.view(), dw.view());
    if (threads == 1) first.assign(dw.values().begin(), dw.values().end());
    if (matmul_amx_takes<float>(outputs, inputs, rows)) {
      EXPECT_TRUE(std::ranges::equal(dw.values(), first)) << threads;
    }
  }
  omp_set_num_threads(saved);
}

TEST(TrainingProducts, MatchPlainLoops) {
  constexpr int64_t kRows = 64, kOut = 48, kIn = 33;
  const Matrix x = normal_matrix(kRows, kIn, 1), w = normal_matrix(kOut, kIn, 2),
               dy = normal_matrix(kRows, kOut, 3);
  Matrix y(kRows, kOut), dx(kRows, kIn), dw = normal_matrix(kOut, kIn, 4);
  const Matrix before = normal_matrix(kOut, kIn, 4);
  multiply_forward<float, float>(x.view(), w.view(), nullptr, y.view());
  multiply_input_gradient<float, float>(dy.view(), w.view(), dx.view());
  multiply_weight_gradient<float>(dy.view(), x.view(), dw.view());
  for (int64_t t = 0; t < kRows; ++t) {
    for (int64_t o = 0; o < kOut; ++o) {
      double sum = 0;
      for (int64_t i = 0; i < kIn; ++i) sum += static_cast<double>(x.row(t)[i]) * w.row(o)[i];
      EXPECT_NEAR(y.row(t)[o], sum, 1e-5);
    }
    for (int64_t i = 0; i < kIn; ++i) {
      double sum = 0;
      for (int64_t o = 0; o < kOut; ++o) sum += static_cast<double>(dy.row(t)[o]) * w.row(o)[i];
      EXPECT_NEAR(dx.row(t)[i], sum, 1e-5);
    }
  }
  for (int64_t o = 0; o < kOut; ++o) {
    for (int64_t i = 0; i < kIn; ++i) {
      double sum = before.row(o)[i];
      for (int64_t t = 0; t < kRows; ++t) sum += static_cast<double>(dy.row(t)[o]) * x.row(t)[i];
      EXPECT_NEAR(dw.row(o)[i], sum, 1e-5);
    }
  }
}

}  // namespace
}  // namespace modernbert
