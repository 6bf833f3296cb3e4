#include "training/checkpoint/checkpoint_files.h"

#include <algorithm>

#include "core/crc32c.h"
#include "core/durable_file.h"
#include "core/fail.h"
#include "core/file.h"
#include "tensor/safetensors.h"
#include "tensor/safetensors_writer.h"
#include "training/checkpoint/model_files.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr const char* kStateFile = "training_state.json";
constexpr const char* kOptimizerFile = "optimizer.safetensors";
constexpr const char* kModelFile = "model.safetensors";
constexpr std::string_view kFirst = "first_moment.", kSecond = "second_moment.";

// Files of a folder with what must be true of them.
class Manifest {
 public:
  void add(const std::string& name, const WrittenFile& file) {
    files_[name] = {{"bytes", file.bytes}, {"crc32c", file.crc}};
  }
  const Json& files() const { return files_; }

 private:
  Json files_ = Json::object();
};

std::vector<TensorToWrite> tensors_of(const ParameterLayout& layout, std::span<const float> block,
                                      std::string_view prefix) {
  std::vector<TensorToWrite> tensors;
  for (const ParameterInfo& info : layout.parameters()) {
    const auto values = block.subspan(static_cast<size_t>(info.offset), static_cast<size_t>(info.size));
    tensors.push_back({std::string(prefix) + info.name, info.shape, values});
  }
  return tensors;
}

Manifest write_model_files(const fs::path& folder, const CheckpointContent& content, DType dtype) {
  fs::create_directories(folder);
  Manifest manifest;
  manifest.add("config.json", write_text_durably(folder / "config.json", content.config));
  if (!content.tokenizer.empty()) {
    for (const auto& [name, file] : copy_tokenizer_files(content.tokenizer, folder)) manifest.add(name, file);
  }
  const auto tensors = tensors_of(content.parameters.layout(), content.parameters.values(), "");
  manifest.add(kModelFile, write_safetensors(folder / kModelFile, tensors, dtype));
  return manifest;
}

WrittenFile write_moments(const fs::path& folder, const CheckpointContent& content) {
  const ParameterLayout& layout = content.parameters.layout();
  auto tensors = tensors_of(layout, content.first_moment, kFirst);
  std::ranges::move(tensors_of(layout, content.second_moment, kSecond), std::back_inserter(tensors));
  return write_safetensors(folder / kOptimizerFile, tensors, DType::kF32);
}

uint32_t checksum(const Json& value) {
  const std::string text = value.dump();
  return crc32c(std::as_bytes(std::span(text)));
}

void check_file(const fs::path& path, const JsonObject& want) {
  const MappedFile file = MappedFile::open(path);
  const auto bytes = static_cast<size_t>(want.integer("bytes", -1, 0, INT64_MAX));
  if (file.bytes().size() != bytes)
    fail(ErrorCode::kInvalidFile, "{}: {} bytes, want {}: the checkpoint is damaged", path.string(),
         file.bytes().size(), bytes);
  const auto crc = static_cast<uint32_t>(want.integer("crc32c", 0, 0, UINT32_MAX));
  const uint32_t found = crc32c(file.bytes());
  if (found != crc)
    fail(ErrorCode::kInvalidFile, "{}: checksum {:08x}, want {:08x}: the checkpoint is damaged",
         path.string(), found, crc);
}

void copy_tensor(const SafetensorsFile& file, std::string_view prefix, const ParameterInfo& info,
                 std::span<float> block) {
  const std::string name = std::string(prefix) + info.name;
  const Tensor& tensor = file.require(name);
  if (tensor.shape != info.shape || tensor.dtype != DType::kF32)
    fail(ErrorCode::kInvalidFile, "{}: {} is {} {}, want F32 [{}]", tensor.source, name,
         to_string(tensor.dtype), tensor.shape_text(), fmt::join(info.shape, ","));
  convert_to_float(tensor.dtype, tensor.data, static_cast<size_t>(info.size), block.data() + info.offset);
}

}  // namespace

Json to_json(const RunState& state) {
  return {{"step", state.step},
          {"tokens", state.tokens},
          {"optimizer_steps", state.optimizer_steps},
          {"skipped", state.skipped},
          {"skipped_in_a_row", state.skipped_in_a_row},
          {"seconds", state.seconds},
          {"data", state.data},
          {"identity", state.identity}};
}

RunState read_state(const JsonObject& json) {
  const auto whole = [&](const char* name) { return json.integer(name, 0, 0, INT64_MAX); };
  RunState state;
  state.step = whole("step");
  state.tokens = whole("tokens");
  state.optimizer_steps = whole("optimizer_steps");
  state.skipped = whole("skipped");
  state.skipped_in_a_row = whole("skipped_in_a_row");
  state.seconds = json.number("seconds", 0);
  state.data = json.json().value("data", Json());
  state.identity = json.json().value("identity", Json());
  return state;
}

void write_checkpoint(const fs::path& folder, const CheckpointContent& content, const RunState& state) {
  Manifest manifest = write_model_files(folder, content, DType::kF32);
  manifest.add(kOptimizerFile, write_moments(folder, content));
  Json json = {{"format", kFormat}, {"state", to_json(state)}, {"files", manifest.files()}};
  json["crc32c"] = checksum(json);  // of all the rest
  write_text_durably(folder / kStateFile, json.dump(1) + "\n");
  sync_folder(folder);
}

void write_model(const fs::path& folder, const CheckpointContent& content, DType dtype) {
  write_model_files(folder, content, dtype);
  sync_folder(folder);
}

RunState read_run_state(const fs::path& folder) {
  const fs::path path = folder / kStateFile;
  Json json = read_json_file(path);
  const JsonObject object(json, path.string());
  object.integer("format", -1, kFormat, kFormat);
  const auto crc = static_cast<uint32_t>(object.integer("crc32c", 0, 0, UINT32_MAX));
  Json rest = json;
  rest.erase("crc32c");
  if (checksum(rest) != crc)
    fail(ErrorCode::kInvalidFile, "{}: wrong checksum: the checkpoint is damaged", path.string());
  const JsonObject files = object.require_object("files"), state = object.require_object("state");
  for (const auto& [name, entry] : files.json().items()) {
    if (fs::path(name).filename() != name) files.reject(name, "a plain file name");
    check_file(folder / name, files.require_object(name));
  }
  return read_state(state);
}

void read_parameters(const fs::path& folder, ParameterBlock& parameters) {
  const auto file = SafetensorsFile::open(folder / kModelFile);
  for (const ParameterInfo& info : parameters.layout().parameters())
    copy_tensor(file, "", info, parameters.values());
}

void read_moments(const fs::path& folder, const ParameterLayout& layout, std::span<float> first,
                  std::span<float> second) {
  const auto file = SafetensorsFile::open(folder / kOptimizerFile);
  for (const ParameterInfo& info : layout.parameters()) {
    copy_tensor(file, kFirst, info, first);
    copy_tensor(file, kSecond, info, second);
  }
}

}  // namespace modernbert
