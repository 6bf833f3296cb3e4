#include "hub/file_selection.h"

#include <algorithm>
#include <array>

#include "core/fail.h"

namespace modernbert::hub {
namespace {

constexpr size_t kMaxFileName = 1024;
constexpr size_t kMaxPathPart = 200;  // below the 255 of file systems: temporary names are longer

constexpr std::array<std::string_view, 3> kWanted = {".json", ".txt", ".safetensors"};
constexpr std::array<std::string_view, 9> kForeignWeights = {".bin",  ".h5", ".msgpack", ".onnx", ".ckpt",
                                                             ".gguf", ".pt", ".pth",     ".ot"};
constexpr std::array<std::string_view, 9> kSkippedFolders = {
    ".", "onnx", "openvino", "coreml", "tflite", "gguf", "checkpoint-", "runs", "logs"};

bool has_suffix(std::string_view name, std::span<const std::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(), [&](auto suffix) { return name.ends_with(suffix); });
}

// Folder part of a name, "" at the root.
std::string_view folder_of(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

bool in_skipped_folder(std::string_view name) {
  for (size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/')) {
    const std::string_view part = name.substr(0, slash);
    const bool skipped = std::any_of(kSkippedFolders.begin(), kSkippedFolders.end(),
                                     [&](auto prefix) { return part.starts_with(prefix); });
    if (skipped) return true;
    name.remove_prefix(slash + 1);
  }
  return false;
}

// The encoder lies at the root or, in older sentence-transformers folders, in 0_Transformer/.
bool in_encoder_folder(std::string_view name) {
  const std::string_view folder = folder_of(name);
  return folder.empty() || (folder.starts_with("0_") && folder.find('/') == std::string_view::npos);
}

bool is_encoder_weights(std::string_view name) {
  return in_encoder_folder(name) && name.ends_with(".safetensors");
}

// Optimiser states and training arguments end in .bin and .pt as well.
bool is_foreign_weights(std::string_view name) {
  return in_encoder_folder(name) && has_suffix(name, kForeignWeights) &&
         name.find("training_args") == std::string_view::npos &&
         name.find("optimizer") == std::string_view::npos && name.find("scheduler") == std::string_view::npos;
}

bool is_tokenizer(std::string_view name) {
  return in_encoder_folder(name) && (name.ends_with(kTokenizerFile) || name.ends_with(kVocabFile));
}

void check_usable(std::span<const std::string> listing, const std::string& model) {
  const auto any = [&](auto test) { return std::any_of(listing.begin(), listing.end(), test); };
  if (any(is_encoder_weights)) return;
  if (const auto foreign = std::find_if(listing.begin(), listing.end(), is_foreign_weights);
      foreign != listing.end()) {
    fail(ErrorCode::kUnsupported,
         "{}: weights only in {}, want *.safetensors; convert once in Python: "
         "AutoModel.from_pretrained(\"{}\").save_pretrained(FOLDER, safe_serialization=True)",
         model, *foreign, model.substr(0, model.find('@')));
  }
  // A repository of a tokenizer alone is enough for tokenizing.
  if (!any(is_tokenizer)) {
    fail(ErrorCode::kUnsupported, "{}: the repository holds no *.safetensors and no tokenizer", model);
  }
}

}  // namespace

bool is_safe_file_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxFileName) return false;
  const auto forbidden = [](char c) { return c == '\\' || static_cast<unsigned char>(c) < 32 || c == 127; };
  if (std::any_of(name.begin(), name.end(), forbidden)) return false;
  while (true) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxPathPart) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::vector<std::string> select_files(std::span<const std::string> listing, const std::string& model) {
  for (const std::string& name : listing) {
    if (!is_safe_file_name(name)) {
      fail(ErrorCode::kInvalidFile, "{}: the hub lists a file {:?}, want a path inside the repository", model,
           name.substr(0, 100));
    }
  }
  check_usable(listing, model);
  std::vector<std::string> files;
  std::copy_if(listing.begin(), listing.end(), std::back_inserter(files),
               [](const std::string& name) { return has_suffix(name, kWanted) && !in_skipped_folder(name); });
  std::stable_partition(files.begin(), files.end(),
                        [](const std::string& name) { return !name.ends_with(".safetensors"); });
  return files;
}

}  // namespace modernbert::hub
