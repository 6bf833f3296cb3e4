#include "ops/linear.h"

#include <cstring>

#include "op_test.h"
#include "ops/convert.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::normal_values;

std::vector<float> product(const Linear& linear, const std::vector<float>& x, int threads = 1) {
  const int64_t rows = static_cast<int64_t>(x.size()) / linear.in_features();
  std::vector<float> y(static_cast<size_t>(rows * linear.out_features()));
  apply_linear(linear, {x.data(), rows, linear.in_features()}, {y.data(), rows, linear.out_features()},
               threads);
  return y;
}

struct Shape {
  int64_t in, out;
};
constexpr Shape kShapes[] = {{1, 1}, {3, 5}, {16, 48}, {24, 72}, {33, 2}, {64, 130}, {256, 768}};

std::unique_ptr<Linear> random_linear(GemmType type, Shape shape, bool has_bias) {
  const auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
  const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
  return make_linear(type, {weight.data(), shape.out, shape.in},
                     has_bias ? std::span<const float>(bias) : std::span<const float>());
}

// Rounding of K products and sums: sqrt(K) * 2^-24 times the size of a term.
TEST(Linear, Fp32MatchesReference) {
  for (const Shape shape : kShapes) {
    for (const bool has_bias : {false, true}) {
      const auto x = normal_values(static_cast<size_t>(70 * shape.in), 3);
      expect_close(product(*random_linear(GemmType::kFp32, shape, has_bias), x),
                   product(*random_linear(GemmType::kRef, shape, has_bias), x),
                   1e-6 * std::sqrt(static_cast<double>(shape.in)), 2e-6,
                   std::to_string(shape.in) + "x" + std::to_string(shape.out));
    }
  }
}

// Against the reference on factors already rounded to bf16, only fp32 accumulation differs.
TEST(Linear, Bf16MatchesReferenceOnRoundedFactors) {
  for (const Shape shape : kShapes) {
    auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
    auto x = normal_values(static_cast<size_t>(9 * shape.in), 3);
    const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
    const auto bf16 = make_linear(GemmType::kBf16, {weight.data(), shape.out, shape.in}, bias);
    const auto y = product(*bf16, x);
    round_to_bf16(weight, weight);
    round_to_bf16(x, x);
    const auto ref = make_linear(GemmType::kRef, {weight.data(), shape.out, shape.in}, bias);
    expect_close(y, product(*ref, x), 1e-6 * std::sqrt(static_cast<double>(shape.in)), 2e-6,
                 std::to_string(shape.in));
  }
}

class RowInvariance : public ::testing::TestWithParam<GemmType> {};

// A row alone, at any place in a tile, with any neighbours and with 1, 2 or 3 threads: the same bits.
TEST_P(RowInvariance, EqualBitsForAnyNumberAndPlaceOfRows) {
  for (const Shape shape : {Shape{24, 72}, Shape{256, 768}, Shape{768, 256}}) {
    const auto linear = random_linear(GetParam(), shape, true);
    const auto x = normal_values(static_cast<size_t>(150 * shape.in), 4);
    const auto all = product(*linear, x, 1);
    for (const int threads : {2, 3}) EXPECT_EQ(product(*linear, x, threads), all);
    for (const int64_t begin : {0, 1, 17, 63, 64, 100}) {
      for (const int64_t rows : {1, 2, 7, 50}) {
        const std::vector<float> part(x.begin() + begin * shape.in, x.begin() + (begin + rows) * shape.in);
        const auto y = product(*linear, part);
        EXPECT_EQ(std::memcmp(y.data(), all.data() + begin * shape.out, y.size() * sizeof(float)), 0)
            << begin << " " << rows;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, RowInvariance, ::testing::Values(GemmType::kFp32, GemmType::kBf16));

TEST(Convert, Bf16RoundsToNearestEven) {
  const std::vector<float> x = {1.0f,     1.00390625f, 1.01171875f, 1.0039063f, -3.1415927f,
                                INFINITY, 0.0f,        -0.0f,       3.4e38f};
  testing::for_each_target([&] {
    std::vector<Bf16> y(x.size());
    convert_to_bf16(x, y);
    for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i].bits, to_bf16(x[i]).bits) << x[i];
  });
  EXPECT_EQ(to_bf16(1.00390625f).bits, 0x3F80);  // a tie goes to the even neighbour
  EXPECT_EQ(to_bf16(1.01171875f).bits, 0x3F82);
  EXPECT_EQ(to_bf16(3.4e38f).bits, 0x7F80);
}

TEST(Convert, NanStaysNanInVectorsAndTails) {
  testing::for_each_target([] {
    std::vector<float> x(37, std::bit_cast<float>(0x7F800001u));
    std::vector<Bf16> y(x.size());
    convert_to_bf16(x, y);
    for (const Bf16 value : y) EXPECT_TRUE(std::isnan(to_float(value)));
  });
}

}  // namespace
}  // namespace modernbert
