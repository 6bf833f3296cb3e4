// Case folders that hold only what differs from another one: cases.json's `complete_with` names the folders
// whose files fill the gaps.
#pragma once

#include <filesystem>
#include <memory>

#include "verify/case_folder.h"

namespace modernbert {

// A folder that is deleted with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The model of a case folder as one folder: itself, or links to its files and to those that it lacks.
class CompletedFolder {
 public:
  // Errors: kNotFound for a `complete_with` that does not exist; kIo.
  explicit CompletedFolder(const CaseFolder& folder);
  const std::filesystem::path& path() const { return links_ ? links_->path() : folder_; }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<TemporaryFolder> links_;
};

}  // namespace modernbert
