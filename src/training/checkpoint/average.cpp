#include "training/checkpoint/average.h"

#include <vector>

#include "core/durable_file.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/json.h"
#include "model/weights.h"
#include "tensor/safetensors_writer.h"
#include "training/checkpoint/model_files.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

// The mean of one tensor.
std::vector<float> mean_of(const std::vector<Weights>& all, const std::string& name, const Tensor& first) {
  std::vector<double> sums(static_cast<size_t>(first.elements()));
  for (const Weights& weights : all) {
    const std::vector<float> values = weights.require(name, first.shape).to_floats();
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
  }
  std::vector<float> mean;
  mean.reserve(sums.size());
  for (const double sum : sums) mean.push_back(static_cast<float>(sum / static_cast<double>(all.size())));
  return mean;
}

// The checkpoint's config.json, with the type that its weights are stored in now.
std::string config_of(const fs::path& folder, DType dtype) {
  const fs::path path = folder / "config.json";
  const std::string text = read_file(path);
  parse_json(text, path.string());  // reports what is wrong with it
  auto config = OrderedJson::parse(text);
  config.erase("torch_dtype");  // the field's name of earlier days
  config["dtype"] = dtype == DType::kBF16 ? "bfloat16" : "float32";
  return config.dump(2) + "\n";
}

void check_same_names(const Weights& first, const Weights& other) {
  for (const auto& [name, tensor] : other.tensors()) {
    if (first.find(name) == nullptr)
      fail(ErrorCode::kInvalidFile, "{}: has tensor {}, which {} lacks", other.source(), name,
           first.source());
  }
}

}  // namespace

void average_checkpoints(std::span<const fs::path> folders, const fs::path& output, DType dtype) {
  if (folders.size() < 2)
    fail(ErrorCode::kInvalidArgument, "{} checkpoints to average, want at least 2", folders.size());
  if (fs::exists(output)) fail(ErrorCode::kInvalidArgument, "{}: exists already", output.string());
  std::vector<Weights> all;
  for (const fs::path& folder : folders) {
    all.push_back(Weights::open(folder));
    check_same_names(all.front(), all.back());
  }
  std::vector<std::vector<float>> means;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, tensor] : all.front().tensors()) {
    means.push_back(mean_of(all, name, tensor));
    tensors.push_back({name, tensor.shape, means.back()});
  }
  publish_folder(output, [&](const fs::path& folder) {
    write_text_durably(folder / "config.json", config_of(folders.back(), dtype));
    copy_tokenizer_files(folders.back(), folder);
    write_safetensors(folder / "model.safetensors", tensors, dtype);
  });
}

}  // namespace modernbert
