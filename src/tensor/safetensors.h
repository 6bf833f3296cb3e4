// Reading .safetensors files through mmap. Every offset, size and shape is checked against the real file
// before use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "tensor/dtype.h"

namespace modernbert {

// A named, immutable array in somebody else's memory (a mapped file, or a buffer kept alive by its owner).
// Little-endian.
struct Tensor {
  std::string source;  // file it comes from, for messages
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;

  int64_t elements() const;
  std::string shape_text() const;  // "[2304,768]"
  // Widened copies. Error (kInvalidFile) for integer tensors and floating ones respectively.
  std::vector<float> to_floats() const;
  std::vector<int32_t> to_ints() const;  // I32 and I64 in range
};

using TensorMap = std::map<std::string, Tensor, std::less<>>;

class SafetensorsFile {
 public:
  static SafetensorsFile open(const std::filesystem::path& path);
  const TensorMap& tensors() const { return tensors_; }
  // Error (kNotFound) that names the file.
  const Tensor& require(std::string_view name) const;
  // MappedFile::release for one of its tensors; others are left alone.
  void release(const Tensor& tensor) const {
    const size_t bytes = static_cast<size_t>(tensor.elements()) * size_of(tensor.dtype);
    file_.release({tensor.data, bytes});
  }

 private:
  MappedFile file_;
  TensorMap tensors_;
};

// The header checks alone, on bytes in memory: what SafetensorsFile::open and the fuzzer call.
TensorMap parse_safetensors(std::span<const std::byte> bytes, const std::string& source);

}  // namespace modernbert
