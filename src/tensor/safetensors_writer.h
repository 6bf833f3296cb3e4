// Writing .safetensors files without holding them in memory.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/durable_file.h"
#include "tensor/dtype.h"

namespace modernbert {

// A tensor to be written: fp32 values in somebody else's memory.
struct TensorToWrite {
  std::string name;
  std::vector<int64_t> shape;
  std::span<const float> values;  // as many as the shape says
};

struct WrittenFile {
  uint64_t bytes = 0;
  uint32_t crc = 0;  // crc32c
};

// dtype: kF32, or kBF16 (rounded to nearest even). The file is on the disk when this returns; an existing one
// is overwritten, so write beside the final place and rename. The same tensors give the same bytes. Error:
// kIo, naming the file.
WrittenFile write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                              DType dtype);

}  // namespace modernbert
