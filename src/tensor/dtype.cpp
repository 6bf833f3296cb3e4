#include "tensor/dtype.h"

#include <array>
#include <cstring>

#include "core/check.h"

namespace modernbert {
namespace {

struct Info {
  DType dtype;
  std::string_view name;
  size_t size;
  bool floating;
};

constexpr std::array kInfos = {
    Info{DType::kF64, "F64", 8, true},  Info{DType::kF32, "F32", 4, true},
    Info{DType::kF16, "F16", 2, true},  Info{DType::kBF16, "BF16", 2, true},
    Info{DType::kI64, "I64", 8, false}, Info{DType::kI32, "I32", 4, false},
    Info{DType::kI16, "I16", 2, false}, Info{DType::kI8, "I8", 1, false},
    Info{DType::kU8, "U8", 1, false},   Info{DType::kBool, "BOOL", 1, false},
};

const Info& info_of(DType dtype) {
  return kInfos[static_cast<size_t>(dtype)];
}

template <class T>
T load(const std::byte* data, size_t i) {
  T value;
  std::memcpy(&value, data + i * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

size_t size_of(DType dtype) {
  return info_of(dtype).size;
}
std::string_view to_string(DType dtype) {
  return info_of(dtype).name;
}
bool is_floating(DType dtype) {
  return info_of(dtype).floating;
}

std::optional<DType> parse_dtype(std::string_view name) {
  for (const Info& info : kInfos) {
    if (info.name == name) return info.dtype;
  }
  return std::nullopt;
}

float half_to_float(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = bits >> 10 & 0x1F;
  const uint32_t mantissa = bits & 0x3FF;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const uint32_t wide = exponent == 31 ? 0xFF : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

void convert_to_float(DType dtype, const std::byte* data, size_t count, float* out) {
  switch (dtype) {
    case DType::kF32:
      std::memcpy(out, data, count * sizeof(float));
      return;
    case DType::kF64:
      for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(load<double>(data, i));
      return;
    case DType::kBF16:
      for (size_t i = 0; i < count; ++i) out[i] = to_float(load<Bf16>(data, i));
      return;
    case DType::kF16:
      for (size_t i = 0; i < count; ++i) out[i] = half_to_float(load<uint16_t>(data, i));
      return;
    default:
      MB_CHECK(is_floating(dtype));
  }
}

}  // namespace modernbert
