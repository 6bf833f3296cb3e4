#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace modernbert {
namespace {

// The value of a half after IEEE 754, in double.
double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const double fraction = (bits & 0x3FF) / 1024.0;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, -14);
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  return sign * std::ldexp(1 + fraction, exponent - 15);
}

TEST(HalfToFloat, IsExactForEveryHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double want = half_value(static_cast<uint16_t>(bits));
    const float found = half_to_float(static_cast<uint16_t>(bits));
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(found)) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(found), want) << bits;
      ASSERT_EQ(std::signbit(found), std::signbit(want)) << bits;
    }
  }
}

TEST(Bf16, EveryValueSurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = to_float(Bf16{static_cast<uint16_t>(bits)});
    const Bf16 back = to_bf16(value);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(to_float(back))) << bits;
    } else {
      ASSERT_EQ(back.bits, bits);
    }
  }
}

// Between every two finite neighbours: below the middle goes down, above it up, the middle to the even one.
TEST(Bf16, RoundsToNearestEven) {
  for (uint32_t low = 0; low < 0x7F80; ++low) {
    const uint32_t middle = low << 16 | 0x8000;
    const auto rounded = [](uint32_t bits) { return to_bf16(std::bit_cast<float>(bits)).bits; };
    ASSERT_EQ(rounded(middle - 1), low);
    ASSERT_EQ(rounded(middle + 1), low + 1);
    ASSERT_EQ(rounded(middle), low + (low & 1));
    ASSERT_EQ(rounded(middle | 0x80000000), (low + (low & 1)) | 0x8000);
  }
}

TEST(Bf16, NanStaysNanWhateverItsPayload) {
  for (const uint32_t bits : {0x7F800001u, 0x7FC00000u, 0xFF80FFFFu, 0x7FFFFFFFu}) {
    EXPECT_TRUE(std::isnan(to_float(to_bf16(std::bit_cast<float>(bits))))) << std::hex << bits;
  }
  EXPECT_EQ(to_float(to_bf16(std::numeric_limits<float>::max())), INFINITY);
}

template <class T>
std::vector<float> converted(DType dtype, const std::vector<T>& values) {
  // One byte off: files do not align their tensors.
  std::vector<std::byte> bytes(values.size() * sizeof(T) + 1);
  std::memcpy(bytes.data() + 1, values.data(), values.size() * sizeof(T));
  std::vector<float> out(values.size());
  convert_to_float(dtype, bytes.data() + 1, values.size(), out.data());
  return out;
}

TEST(ConvertToFloat, WidensOrRoundsFromUnalignedBytes) {
  EXPECT_EQ(converted<double>(DType::kF64, {0.1, -2.0, 1e300}),
            (std::vector<float>{0.1f, -2.0f, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(converted<float>(DType::kF32, {0.1f, -2.0f}), (std::vector<float>{0.1f, -2.0f}));
  EXPECT_EQ(converted<uint16_t>(DType::kF16, {0x3C00, 0xC000, 0x0001}),
            (std::vector<float>{1.0f, -2.0f, 0x1p-24f}));
  EXPECT_EQ(converted<uint16_t>(DType::kBF16, {0x3F80, 0xC000}), (std::vector<float>{1.0f, -2.0f}));
}

TEST(DTypeNames, AreThoseOfSafetensors) {
  const std::array<std::pair<DType, size_t>, 10> sizes = {{{DType::kF64, 8},
                                                           {DType::kF32, 4},
                                                           {DType::kF16, 2},
                                                           {DType::kBF16, 2},
                                                           {DType::kI64, 8},
                                                           {DType::kI32, 4},
                                                           {DType::kI16, 2},
                                                           {DType::kI8, 1},
                                                           {DType::kU8, 1},
                                                           {DType::kBool, 1}}};
  for (const auto& [dtype, size] : sizes) {
    EXPECT_EQ(parse_dtype(to_string(dtype)), dtype);
    EXPECT_EQ(size_of(dtype), size) << to_string(dtype);
    EXPECT_EQ(is_floating(dtype), to_string(dtype).find('F') != std::string_view::npos);
  }
  EXPECT_FALSE(parse_dtype("f32"));
  EXPECT_FALSE(parse_dtype("F8_E4M3"));
}

}  // namespace
}  // namespace modernbert
