// From what a user calls a model to a folder: an existing folder, the cache, the hub, in this order. A branch
// in the cache is followed to where the hub has it now.
#include <chrono>
#include <optional>

#include "core/fail.h"
#include "core/logging.h"
#include "hub/downloader.h"
#include "hub/hub_client.h"
#include "hub/model_id.h"
#include "hub/repo_cache.h"
#include "hub/settings.h"
#include "modernbert/hub.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

// Of the question whether a branch has moved: there is a copy to work with, so nobody should wait long.
constexpr hub::RetryPolicy kOneTry{.tries = 1, .first_wait = {}};
constexpr hub::HttpTimeouts kQuick{.connect = std::chrono::seconds(2), .stall = std::chrono::seconds(3)};

// nullopt unless the text names something on disk.
std::optional<fs::path> find_folder(std::string_view spec) {
  std::error_code error;
  const fs::path path(spec);
  if (fs::is_directory(path, error)) return path;
  if (fs::exists(path, error)) fail(ErrorCode::kInvalidArgument, "{}: a file, want a model's folder", spec);
  if (hub::looks_like_path(spec)) fail(ErrorCode::kNotFound, "{}: no such folder", spec);
  return std::nullopt;
}

fs::path resolve_offline(const hub::ModelId& id, const hub::HubSettings& settings, const fs::path& snapshot,
                         const std::string& missing) {
  std::error_code error;
  if (snapshot.empty() || !fs::is_directory(snapshot, error)) {
    fail(ErrorCode::kNotFound, "{}: neither a folder nor in the cache {}, and downloads are off (offline)",
         id.text(), settings.cache.string());
  }
  // Enough for some uses, such as tokenizing; the loader reports what it cannot do without.
  log_warning("{}: {} is not in the cache and downloads are off (offline)", id.text(), missing);
  return snapshot;
}

fs::path download(const hub::ModelId& id, const hub::HubSettings& settings, const hub::RepoCache& cache) {
  hub::HubClient client(settings, id);
  hub::Downloader downloader(client, cache, id, settings.progress);
  return cache.snapshot(downloader.fetch_snapshot());
}

// The snapshot that the branch or tag stands for now, as far as the hub can be reached; `commit` is in the
// cache.
fs::path follow_revision(const hub::ModelId& id, const hub::HubSettings& settings,
                         const hub::RepoCache& cache, const std::string& commit) {
  try {
    const hub::RepoListing listing = hub::HubClient(settings, id, kOneTry, kQuick).list();
    if (listing.commit == commit) return cache.snapshot(commit);
    log_info("{}: moved from {} to {}", id.text(), commit, listing.commit);
    hub::HubClient client(settings, id);
    return cache.snapshot(hub::Downloader(client, cache, id, settings.progress).fetch_snapshot(listing));
  } catch (const Error& error) {
    // Whatever goes wrong on the way to something newer (no network, a repository that has gone, a cache that
    // cannot be written), what is here still works.
    log_warning("{}: using the copy in the cache, commit {}: {}", id.text(), commit, error.what());
    return cache.snapshot(commit);
  }
}

}  // namespace

fs::path resolve_model(std::string_view spec, const HubOptions& options) {
  if (spec.empty()) fail(ErrorCode::kInvalidArgument, "model is empty, want a folder or org/name[@revision]");
  if (spec.find('\0') != spec.npos) fail(ErrorCode::kInvalidArgument, "model {:?}: holds a NUL byte", spec);
  if (auto folder = find_folder(spec)) return *folder;
  const hub::ModelId id = hub::parse_model_id(spec);
  const hub::HubSettings settings = hub::resolve_settings(options);
  const hub::RepoCache cache(settings.cache, id.name);

  const auto commit = cache.find_commit(id.revision);
  const fs::path snapshot = commit ? cache.snapshot(*commit) : fs::path();
  const std::string missing = commit ? cache.missing_file(*commit) : "";
  if (commit && missing.empty()) {
    const bool fixed = settings.offline || hub::is_commit_hash(id.revision);
    return fixed ? snapshot : follow_revision(id, settings, cache, *commit);
  }
  if (settings.offline) return resolve_offline(id, settings, snapshot, missing);

  try {
    return download(id, settings, cache);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNetwork) throw;
    // Whoever mistyped a folder's name should not have to guess why there is a download at all.
    const char* why = commit ? "its copy in the cache is incomplete" : "neither a folder nor in the cache";
    fail(error.code(), "{}: {}; {}", id.text(), why, error.what());
  }
}

}  // namespace modernbert
