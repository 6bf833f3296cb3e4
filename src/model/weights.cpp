#include "model/weights.h"

#include <algorithm>
#include <set>

#include "core/fail.h"
#include "core/json.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

bool has_bin_weights(const fs::path& folder) {
  if (!fs::is_directory(folder)) return false;
  return std::ranges::any_of(fs::directory_iterator(folder), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".bin" || entry.path().extension() == ".pt" ||
           entry.path().extension() == ".h5";
  });
}

[[noreturn]] void fail_without_safetensors(const fs::path& folder) {
  if (has_bin_weights(folder)) {
    fail(ErrorCode::kUnsupported,
         "{}: only pickled or HDF5 weights, want model.safetensors; convert with transformers: "
         "AutoModel.from_pretrained(DIR).save_pretrained(DIR, safe_serialization=True)",
         folder.string());
  }
  fail(ErrorCode::kNotFound, "{}: no model.safetensors or model.safetensors.index.json", folder.string());
}

// The file of each tensor, from the index.
std::map<std::string, std::string> read_index(const fs::path& path) {
  const Json value = read_json_file(path);
  const auto map = JsonObject(value, path.string()).object("weight_map");
  if (!map) fail(ErrorCode::kInvalidFile, "{}: no weight_map", path.string());
  std::map<std::string, std::string> files;
  for (const auto& [tensor, file] : map->json().items()) {
    // A shard is a plain file name beside the index; anything else could reach outside the folder.
    const bool plain = file.is_string() &&
                       fs::path(file.get<std::string>()).filename() == file.get<std::string>() &&
                       file.get<std::string>() != ".." && !file.get<std::string>().empty();
    if (!plain)
      fail(ErrorCode::kInvalidFile, "{}: {} is in {}, want a file name", path.string(), tensor, brief(file));
    files[tensor] = file.get<std::string>();
  }
  return files;
}

}  // namespace

Weights Weights::open(const fs::path& folder) {
  Weights weights;
  const auto add_file = [&](const fs::path& path) {
    auto file = std::make_shared<const SafetensorsFile>(SafetensorsFile::open(path));
    weights.files_.push_back(file);
    return file;
  };
  const fs::path single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  if (fs::exists(single)) {
    weights.source_ = single.string();
    weights.tensors_ = add_file(single)->tensors();
    return weights;
  }
  if (!fs::exists(index)) fail_without_safetensors(folder);
  weights.source_ = index.string();
  std::map<std::string, std::shared_ptr<const SafetensorsFile>> shards;
  for (const auto& [tensor, file] : read_index(index)) {
    auto& shard = shards[file];
    if (!shard) shard = add_file(folder / file);
    weights.tensors_[tensor] = shard->require(tensor);
  }
  return weights;
}

Weights Weights::from_memory(TensorMap tensors, std::shared_ptr<const void> owner, std::string source) {
  Weights weights;
  weights.tensors_ = std::move(tensors);
  weights.owner_ = std::move(owner);
  weights.source_ = std::move(source);
  return weights;
}

const Tensor* Weights::find(std::string_view name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

void Weights::release(std::string_view prefix) const {
  for (auto it = tensors_.lower_bound(prefix); it != tensors_.end() && it->first.starts_with(prefix); ++it) {
    for (const auto& file : files_) file->release(it->second);
  }
}

const Tensor& Weights::require(std::string_view name, const std::vector<int64_t>& shape) const {
  const Tensor* tensor = find(name);
  if (tensor == nullptr) fail(ErrorCode::kNotFound, "{}: no tensor {}", source_, name);
  if (tensor->shape != shape) {
    fail(ErrorCode::kInvalidFile, "{}: {} is {}, want [{}]", tensor->source, name, tensor->shape_text(),
         fmt::join(shape, ","));
  }
  if (!is_floating(tensor->dtype)) {
    fail(ErrorCode::kInvalidFile, "{}: {} is {}, want F64, F32, F16 or BF16", tensor->source, name,
         to_string(tensor->dtype));
  }
  return *tensor;
}

}  // namespace modernbert
