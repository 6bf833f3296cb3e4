#include "ops/rowwise/convert.h"

#include "ops/op_test.h"

namespace modernbert {
namespace {

using testing::normal_values;

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

TEST(Convert, WideningUndoesNothing) {
  testing::for_each_target([] {
    for (size_t count = 0; count <= 37; ++count) {
      std::vector<float> x = normal_values(count, 1), y(count);
      round_to_bf16(x, x);
      std::vector<Bf16> halves(count);
      convert_to_bf16(x, halves);
      convert_to_float(halves, y);
      EXPECT_EQ(x, y);
    }
  });
}

TEST(Quantize, EqualsReferenceAtAllSizesOnAllTargets) {
  testing::for_each_target([] {
    for (size_t count = 1; count <= 150; ++count) {
      const auto x = normal_values(count, static_cast<unsigned>(count));
      std::vector<uint8_t> y(count), want(count);
      EXPECT_EQ(quantize(x, y), ref::quantize(x, want));
      EXPECT_EQ(y, want);
    }
  });
}

TEST(Quantize, TakesBf16AsTheFloatsItStandsFor) {
  testing::for_each_target([] {
    for (const size_t count : {1, 15, 64, 67, 150}) {
      std::vector<float> x = normal_values(count, 5);
      round_to_bf16(x, x);
      std::vector<Bf16> halves(count);
      convert_to_bf16(x, halves);
      std::vector<uint8_t> y(count), want(count);
      EXPECT_EQ(quantize(std::span<const Bf16>(halves), y), ref::quantize(x, want));
      EXPECT_EQ(y, want);
    }
  });
}

TEST(Quantize, TheLargestValueUsesTheWholeRange) {
  testing::for_each_target([] {
    std::vector<float> x(20, 0.0f);
    x[3] = -2.54f;
    x[4] = 1.27f;
    std::vector<uint8_t> y(20);
    EXPECT_FLOAT_EQ(quantize(x, y), 0.02f);
    EXPECT_EQ(y[3], 1);
    EXPECT_EQ(y[4], 128 + 64);  // 63.5 goes to the even neighbour
    EXPECT_EQ(y[5], 128);
  });
}

TEST(Quantize, ZerosTinyValuesAndNan) {
  testing::for_each_target([] {
    for (const size_t count : {5, 40}) {
      std::vector<uint8_t> y(count);
      std::vector<float> x(count, 0.0f);
      EXPECT_EQ(quantize(x, y), 0.0f);
      EXPECT_EQ(y, std::vector<uint8_t>(count, 128));
      x[1] = 1e-39f;
      EXPECT_LT(quantize(x, y), 1e-38f);
      EXPECT_EQ(y, std::vector<uint8_t>(count, 128));
      for (const size_t at : {size_t{0}, count - 1}) {
        x[at] = std::numeric_limits<float>::quiet_NaN();
        EXPECT_TRUE(std::isnan(quantize(x, y))) << at;
        x[at] = 1.0f;
      }
    }
  });
}

}  // namespace
}  // namespace modernbert
