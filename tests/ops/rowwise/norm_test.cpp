#include "ops/rowwise/norm.h"

#include "ops/op_test.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::for_each_target;
using testing::normal_values;

// Both sides sum in different orders: H terms of rounding error 2^-24 relative to the row's size, and one
// division.
TEST(LayerNorm, MatchesReferenceForEveryWidth) {
  for_each_target([] {
    for (int64_t width = 1; width <= 67; ++width) {
      const auto x = normal_values(static_cast<size_t>(3 * width), static_cast<unsigned>(width));
      const auto weight = normal_values(static_cast<size_t>(width), 1);
      const auto bias = normal_values(static_cast<size_t>(width), 2);
      std::vector<float> y(x.size()), want(x.size());
      for (const std::span<const float> b : {std::span<const float>(), std::span<const float>(bias)}) {
        const RowNorm norm{true, 1e-5f, weight, b};
        normalize(norm, {x.data(), 3, width}, MatView<float>(y.data(), 3, width));
        ref::normalize(norm, {x.data(), 3, width}, {want.data(), 3, width});
        // A row of width 2 can be nearly constant; its 1/std magnifies rounding of the mean by up to
        // 1/sqrt(eps).
        expect_close(y, want, width < 4 ? 1e-4 : 2e-6, width < 4 ? 1e-4 : 4e-6,
                     "width " + std::to_string(width));
      }
    }
  });
}

TEST(LayerNorm, WorksInPlaceAndOnStridedRows) {
  const auto x = normal_values(4 * 50, 3);
  const auto weight = normal_values(40, 4);
  std::vector<float> want(4 * 40), in_place(x);
  const RowNorm norm{true, 1e-5f, weight, {}};
  normalize(norm, {x.data(), 4, 40, 50}, MatView<float>(want.data(), 4, 40));
  normalize(norm, {in_place.data(), 4, 40, 50}, MatView<float>(in_place.data(), 4, 40, 50));
  for (int64_t r = 0; r < 4; ++r) {
    for (int64_t i = 0; i < 50; ++i) {
      EXPECT_EQ(in_place[static_cast<size_t>(r * 50 + i)],
                i < 40 ? want[static_cast<size_t>(r * 40 + i)] : x[static_cast<size_t>(r * 50 + i)]);
    }
  }
}

TEST(LayerNorm, ConstantRowGivesBias) {
  const std::vector<float> x(16, 3.5f), weight(16, 2.0f), bias(16, 0.25f);
  std::vector<float> y(16);
  normalize({true, 1e-5f, weight, bias}, {x.data(), 1, 16}, MatView<float>(y.data(), 1, 16));
  EXPECT_EQ(y, bias);
}

TEST(RmsNorm, MatchesReferenceWithAndWithoutParameters) {
  for_each_target([] {
    for (int64_t width = 1; width <= 67; ++width) {
      const auto x = normal_values(static_cast<size_t>(3 * width), static_cast<unsigned>(width));
      const auto weight = normal_values(static_cast<size_t>(width), 1);
      std::vector<float> y(x.size()), want(x.size());
      for (const std::span<const float> w : {std::span<const float>(), std::span<const float>(weight)}) {
        const RowNorm norm{false, 1e-6f, w, {}};
        normalize(norm, {x.data(), 3, width}, MatView<float>(y.data(), 3, width));
        ref::normalize(norm, {x.data(), 3, width}, {want.data(), 3, width});
        expect_close(y, want, 2e-6, 4e-6, "width " + std::to_string(width));
      }
    }
  });
}

// x / sqrt(mean(x^2)): no mean is taken away.
TEST(RmsNorm, ConstantRowGivesItsSign) {
  const std::vector<float> x(16, -3.5f);
  std::vector<float> y(16);
  normalize({false, 0, {}, {}}, {x.data(), 1, 16}, MatView<float>(y.data(), 1, 16));
  for (const float value : y) EXPECT_FLOAT_EQ(value, -1);
}

TEST(AddRows, AddsEveryElement) {
  for_each_target([] {
    for (int64_t width : {1, 15, 16, 17, 33}) {
      const auto a = normal_values(static_cast<size_t>(2 * width), 5),
                 b = normal_values(static_cast<size_t>(2 * width), 6);
      std::vector<float> x(a);
      add_rows({b.data(), 2, width}, {x.data(), 2, width});
      for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], a[i] + b[i]);
    }
  });
}

}  // namespace
}  // namespace modernbert
