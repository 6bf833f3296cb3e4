#include "tensor/safetensors_writer.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/check.h"

namespace modernbert {
namespace {

constexpr size_t kAlignment = 8;           // of the data, as the format's own writers do
constexpr size_t kPart = size_t{1} << 18;  // values converted and written at a time

std::string header_of(std::span<const TensorToWrite> tensors, DType dtype) {
  nlohmann::ordered_json header;
  header["__metadata__"]["format"] = "pt";  // transformers refuses files without it
  uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    const uint64_t end = offset + tensor.values.size() * size_of(dtype);
    header[tensor.name] = {
        {"dtype", to_string(dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

void write_rounded(std::span<const float> values, DurableFile& file) {
  std::vector<Bf16> part(std::min(values.size(), kPart));
  for (size_t begin = 0; begin < values.size(); begin += kPart) {
    const size_t count = std::min(kPart, values.size() - begin);
    std::transform(values.data() + begin, values.data() + begin + count, part.begin(), to_bf16);
    file.write(std::as_bytes(std::span(part.data(), count)));
  }
}

int64_t elements(const TensorToWrite& tensor) {
  int64_t count = 1;
  for (const int64_t size : tensor.shape) count *= size;
  return count;
}

}  // namespace

WrittenFile write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                              DType dtype) {
  MB_CHECK(dtype == DType::kF32 || dtype == DType::kBF16);
  for (const TensorToWrite& tensor : tensors)
    MB_CHECK(elements(tensor) == static_cast<int64_t>(tensor.values.size()));
  DurableFile file(path);
  const std::string header = header_of(tensors, dtype);
  const uint64_t header_bytes = header.size();
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(header);
  for (const TensorToWrite& tensor : tensors) {
    if (dtype == DType::kF32) {
      file.write(std::as_bytes(tensor.values));
    } else {
      write_rounded(tensor.values, file);
    }
  }
  file.finish();
  return {file.bytes(), file.crc()};
}

}  // namespace modernbert
