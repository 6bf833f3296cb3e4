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

std::unique_ptr<Linear> random_linear(GemmType type, Shape shape, bool has_bias, int64_t group = 1,
                                      GemmLibrary library = GemmLibrary::kBest) {
  const auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
  const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
  return make_linear(type, {weight.data(), shape.out, shape.in},
                     has_bias ? std::span<const float>(bias) : std::span<const float>(), group, library);
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

// Whatever the group of columns, and in which library: the same product, epilogue calls in order and in whole
// groups.
TEST(Linear, EveryGroupSizeAndLibraryMatchesReference) {
  const Shape shape{37, 240};
  const auto x = normal_values(static_cast<size_t>(50 * shape.in), 3);
  const auto want = product(*random_linear(GemmType::kRef, shape, true), x);
  for (const int64_t group : {1, 12, 16, 24, 48, 64, 80, 96, 120, 240}) {
    for (const GemmLibrary library : {GemmLibrary::kBest, GemmLibrary::kOneDnn}) {
      const auto linear = random_linear(GemmType::kFp32, shape, true, group, library);
      expect_close(product(*linear, x), want, 1e-5, 2e-6, "group " + std::to_string(group));
      LinearScratch scratch;
      int64_t next = 0;
      linear->run_tile({x.data(), 50, shape.in}, scratch, [&](int64_t column, MatView<const float> y) {
        EXPECT_EQ(column, next);
        next = column + y.cols;
        EXPECT_TRUE(y.cols % group == 0 || next == shape.out) << y.cols;
      });
      EXPECT_EQ(next, shape.out);
    }
  }
}

TEST(EvenTileRows, DividesTheRowsAmongThreads) {
  EXPECT_EQ(even_tile_rows(4096, 2, 108), 108);
  EXPECT_EQ(even_tile_rows(240, 2, 108), 60);
  EXPECT_EQ(even_tile_rows(16, 2, 108), 12);
  EXPECT_EQ(even_tile_rows(1, 8, 108), 6);
  EXPECT_EQ(even_tile_rows(100, 1, 64), 54);
  EXPECT_EQ(even_tile_rows(0, 2, 108), 6);
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
