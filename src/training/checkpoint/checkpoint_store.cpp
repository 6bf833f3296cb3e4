#include "training/checkpoint/checkpoint_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/durable_file.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFinished = "step-", kUnfinished = ".unfinished-", kRemoved = ".removed-";

bool has_prefix(const fs::path& path, std::string_view prefix) {
  return path.filename().string().starts_with(prefix);
}

}  // namespace

CheckpointStore::CheckpointStore(fs::path folder, int64_t keep) : folder_(std::move(folder)), keep_(keep) {}

void CheckpointStore::clean() const {
  if (!fs::is_directory(folder_)) return;
  std::vector<fs::path> left;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (has_prefix(entry.path(), kUnfinished) || has_prefix(entry.path(), kRemoved))
      left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove_all(path);
}

std::vector<fs::path> CheckpointStore::list() const {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder_)) return found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (has_prefix(entry.path(), kFinished)) found.push_back(entry.path());
  }
  std::ranges::sort(found);  // names have leading zeros
  return found;
}

std::optional<fs::path> CheckpointStore::newest() const {
  const auto all = list();
  if (all.empty()) return std::nullopt;
  return all.back();
}

void CheckpointStore::remove(const fs::path& checkpoint) const {
  // A checkpoint that is half removed must not look like one.
  const fs::path removed = folder_ / fmt::format("{}{}", kRemoved, checkpoint.filename().string());
  fs::remove_all(removed);
  rename_durably(checkpoint, removed);
  fs::remove_all(removed);
}

fs::path CheckpointStore::write(int64_t step, const std::function<void(const fs::path&)>& fill) const {
  const std::string name = fmt::format("{}{:09}", kFinished, step);
  const fs::path unfinished = folder_ / fmt::format("{}{}", kUnfinished, name), finished = folder_ / name;
  fs::create_directories(folder_);
  fs::remove_all(unfinished);
  try {
    fill(unfinished);
  } catch (...) {
    std::error_code ignored;  // the first error is the one to report
    fs::remove_all(unfinished, ignored);
    throw;
  }
  if (fs::exists(finished)) remove(finished);
  rename_durably(unfinished, finished);
  const auto all = list();
  for (size_t i = 0; i + static_cast<size_t>(keep_) < all.size(); ++i) remove(all[i]);
  return finished;
}

}  // namespace modernbert
