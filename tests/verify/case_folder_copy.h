// A copy of a committed case folder that a test may damage.
#pragma once

#include <cstring>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "core/file.h"
#include "shared_files.h"
#include "tensor/safetensors.h"
#include "verify/folder_completion.h"

namespace modernbert::testing {

inline std::filesystem::path committed_cases() {
  return source_dir() / "tests" / "data" / "cases";
}

class CaseFolderCopy {
 public:
  explicit CaseFolderCopy(const std::string& name) {
    std::filesystem::copy(committed_cases() / name, path());
  }
  std::filesystem::path path() const { return temporary_.path() / "copy"; }

  // Lets `change` edit the F32 values of one tensor of `file` in place.
  void edit_tensor(const std::string& file, const std::string& tensor,
                   const std::function<void(std::span<float>)>& change) {
    std::string bytes = read_file(path() / file);
    const TensorMap tensors = parse_safetensors(std::as_bytes(std::span(bytes)), file);
    const Tensor& found = tensors.at(tensor);
    ASSERT_EQ(found.dtype, DType::kF32);
    std::vector<float> values = found.to_floats();
    change(values);
    const auto offset = reinterpret_cast<const char*>(found.data) - bytes.data();
    std::memcpy(bytes.data() + offset, values.data(), values.size() * sizeof(float));
    write_file_atomically(path() / file, bytes);
  }

  // Replaces the first occurrence of `from` in a text file.
  void edit_text(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = read_file(path() / file);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file_atomically(path() / file, text.replace(at, from.size(), to));
  }

 private:
  TemporaryFolder temporary_;
};

}  // namespace modernbert::testing
