// A .safetensors file of any bytes: tensors that are accepted lie inside the file and can be read.
#include <cstdint>
#include <span>

#include "core/check.h"
#include "tensor/safetensors.h"

namespace {

using modernbert::Tensor;

void read_all(const Tensor& tensor) {
  try {
    (void)tensor.to_floats();
  } catch (const modernbert::Error&) {
    (void)tensor.to_ints();
  }
}

void check_inside(const Tensor& tensor, std::span<const std::byte> bytes) {
  const size_t size = static_cast<size_t>(tensor.elements()) * modernbert::size_of(tensor.dtype);
  MB_CHECK(tensor.data >= bytes.data() && size <= bytes.size());
  MB_CHECK(tensor.data + size <= bytes.data() + bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  modernbert::TensorMap tensors;
  try {
    tensors = modernbert::parse_safetensors(bytes, "fuzz");
  } catch (const modernbert::Error&) {
    return 0;
  }
  for (const auto& [name, tensor] : tensors) {
    check_inside(tensor, bytes);
    try {
      read_all(tensor);
    } catch (const modernbert::Error&) {
    }
  }
  return 0;
}
