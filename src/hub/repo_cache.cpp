#include "hub/repo_cache.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "core/fail.h"
#include "core/file.h"
#include "core/json.h"
#include "hub/file_selection.h"
#include "hub/folders.h"

namespace modernbert::hub {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxRefBytes = 4096;

std::string folder_name(const std::string& model_name) {
  std::string name = "models--" + model_name;
  if (const size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

// Follows links: a link whose blob is gone does not count.
bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::string without_whitespace_at_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

bool has_safetensors(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".safetensors" && is_file(entry.path())) return true;
  }
  return false;
}

// Names of files that `weight_map` of an index points to. What is malformed is left to the loader to report.
std::set<std::string> shards_of(const fs::path& index) {
  std::set<std::string> shards;
  const Json json = read_json_file(index);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) return shards;
  for (const Json& shard : json["weight_map"]) {
    if (shard.is_string() && is_safe_file_name(shard.get<std::string>())) {
      shards.insert(shard.get<std::string>());
    }
  }
  return shards;
}

// "" or the first shard that an index names and the snapshot lacks.
std::string missing_shard(const fs::path& snapshot) {
  for (const std::string& shard : shards_of(snapshot / kWeightsIndex)) {
    if (!is_file(snapshot / shard)) return shard;
  }
  return "";
}

// Module types that cannot do without their folder; a repository holds none for Normalize, for example.
bool needs_folder(const Json& module) {
  if (!module.contains("type") || !module["type"].is_string()) return false;
  const auto type = module["type"].get<std::string>();
  return type.ends_with("Pooling") || type.ends_with("Dense");
}

// "" or the folder of a sentence-transformers module that modules.json names and the snapshot lacks.
std::string missing_module(const fs::path& snapshot) {
  const auto modules = read_json_file_if_exists(snapshot / "modules.json");
  if (!modules || !modules->is_array()) return "";
  for (const Json& module : *modules) {
    if (!module.is_object() || !needs_folder(module) || !module.contains("path")) continue;
    if (!module["path"].is_string()) continue;
    const auto path = module["path"].get<std::string>();
    if (is_safe_file_name(path) && !is_file(snapshot / path / kConfigFile)) return path + "/" + kConfigFile;
  }
  return "";
}

[[noreturn]] void fail_io(const fs::path& path, int error) {
  fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(error));
}

}  // namespace

RepoCache::RepoCache(const fs::path& cache, const std::string& model_name)
    : folder_(cache / folder_name(model_name)), locks_(cache / ".locks" / folder_name(model_name)) {}

std::optional<std::string> RepoCache::find_commit(const std::string& revision) const {
  if (is_commit_hash(revision)) return revision;
  const fs::path ref = folder_ / "refs" / revision;
  if (!is_file(ref)) return std::nullopt;
  std::string commit = without_whitespace_at_end(read_file(ref, kMaxRefBytes));
  if (!is_commit_name(commit)) return std::nullopt;
  return commit;
}

fs::path RepoCache::snapshot(const std::string& commit) const {
  return folder_ / "snapshots" / commit;
}

fs::path RepoCache::blob(const std::string& etag) const {
  return folder_ / "blobs" / etag;
}

fs::path RepoCache::lock_file(const std::string& etag) const {
  return locks_ / (etag + ".lock");
}

fs::path RepoCache::refs_lock_file() const {
  return locks_ / "refs.lock";
}

bool RepoCache::is_known_absent(const std::string& commit, const std::string& file) const {
  return is_file(folder_ / ".no_exist" / commit / file);
}

std::string RepoCache::missing_file(const std::string& commit) const {
  const fs::path folder = snapshot(commit);
  const auto is_here_or_absent = [&](const char* file) {
    return is_file(folder / file) || is_known_absent(commit, file);
  };
  if (!is_here_or_absent(kConfigFile)) return kConfigFile;
  if (!is_file(folder / kVocabFile) && !is_here_or_absent(kTokenizerFile)) return kTokenizerFile;
  if (is_file(folder / kWeightsIndex)) {
    if (const std::string shard = missing_shard(folder); !shard.empty()) return shard;
  } else if (!has_safetensors(folder) &&
             !(is_known_absent(commit, kWeightsFile) && is_known_absent(commit, kWeightsIndex))) {
    return kWeightsFile;
  }
  return missing_module(folder);
}

void RepoCache::link_snapshot_file(const std::string& commit, const std::string& file,
                                   const std::string& etag) const {
  const fs::path link = snapshot(commit) / file;
  create_folders(link.parent_path());
  const fs::path target = blob(etag).lexically_relative(link.parent_path());
  const fs::path temporary = link.string() + ".tmp" + std::to_string(::getpid());
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0) fail_io(temporary, errno);
  if (::rename(temporary.c_str(), link.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail_io(link, error);
  }
}

void RepoCache::mark_absent(const std::string& commit, const std::string& file) const {
  const fs::path marker = folder_ / ".no_exist" / commit / file;
  create_folders(marker.parent_path());
  write_file_atomically(marker, "");
}

void RepoCache::write_ref(const std::string& revision, const std::string& commit) const {
  if (revision == commit) return;
  const fs::path ref = folder_ / "refs" / revision;
  create_folders(ref.parent_path());
  write_file_atomically(ref, commit);
}

}  // namespace modernbert::hub
