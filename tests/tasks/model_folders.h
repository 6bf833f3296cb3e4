// Folders for tests: a model's own files completed by links to those of others (tokenizers, shared weights).
#pragma once

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "modernbert/model.h"
#include "shared_files.h"

namespace modernbert::testing {

inline std::vector<std::string> strings_of(const Json& list) {
  return list.get<std::vector<std::string>>();
}

// A temporary folder of links: each folder in turn gives the files that are not there yet. Removed at the
// end.
class LinkedFolder {
 public:
  explicit LinkedFolder(const std::vector<std::filesystem::path>& folders) {
    std::string pattern = (std::filesystem::temp_directory_path() / "modernbert_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    for (const auto& folder : folders) {
      for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto link = path_ / entry.path().filename();
        if (!std::filesystem::exists(link))
          std::filesystem::create_symlink(std::filesystem::absolute(entry), link);
      }
    }
  }
  ~LinkedFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  LinkedFolder(const LinkedFolder&) = delete;
  LinkedFolder& operator=(const LinkedFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Model load_fp32(const std::filesystem::path& folder) {
  return Model::load(folder.string(), {.dtype = ComputeType::kFp32, .threads = 2});
}

// The folder stays until the program ends: tasks read a model's folder when they are made.
inline Model load_linked(const std::vector<std::filesystem::path>& folders) {
  static std::deque<LinkedFolder> kept;
  return load_fp32(kept.emplace_back(folders).path());
}

}  // namespace modernbert::testing
