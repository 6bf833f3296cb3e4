// Element types as stored in safetensors, and conversions between floating-point formats.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace modernbert {

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

size_t size_of(DType dtype);
std::string_view to_string(DType dtype);  // safetensors' names: "F32", "BF16", …
std::optional<DType> parse_dtype(std::string_view name);
bool is_floating(DType dtype);

// bfloat16 by its bits; a value type for buffers, arithmetic happens in float.
struct Bf16 {
  uint16_t bits = 0;
};

// Round to nearest even; NaN stays NaN.
inline Bf16 to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}
inline float to_float(Bf16 value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
}
float half_to_float(uint16_t bits);

// out[0..count) = the floating-point elements at `data`, widened or (F64) rounded.
void convert_to_float(DType dtype, const std::byte* data, size_t count, float* out);

}  // namespace modernbert
