// The named tensors of a checkpoint folder. Immutable; copies share the mappings.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/safetensors.h"

namespace modernbert {

class Weights {
 public:
  // model.safetensors, or the shards named by model.safetensors.index.json. A folder with only *.bin files is
  // an error that says how to convert.
  static Weights open(const std::filesystem::path& folder);
  // Tensors in memory; `owner` keeps the memory alive.
  static Weights from_memory(TensorMap tensors, std::shared_ptr<const void> owner, std::string source);

  const Tensor* find(std::string_view name) const;
  // A floating-point tensor of this shape.
  // Error: kNotFound naming file and tensor; kInvalidFile naming both shapes, or the type.
  const Tensor& require(std::string_view name, const std::vector<int64_t>& shape) const;
  const TensorMap& tensors() const { return tensors_; }
  // Takes tensors whose names begin like this out of memory, once they have been packed; they can still be
  // read. Tensors that are not in files stay.
  void release(std::string_view prefix) const;
  const std::string& source() const { return source_; }  // path of the file or index, for messages

 private:
  TensorMap tensors_;
  std::vector<std::shared_ptr<const SafetensorsFile>> files_;
  std::shared_ptr<const void> owner_;  // of tensors in memory
  std::string source_;
};

}  // namespace modernbert
