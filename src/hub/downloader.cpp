#include "hub/downloader.h"

#include <algorithm>
#include <utility>

#include "core/fail.h"
#include "hub/digest.h"
#include "hub/file_lock.h"
#include "hub/file_selection.h"
#include "hub/partial_file.h"

namespace modernbert::hub {
namespace {

// True if the answer continues at byte `begin`; false if it starts the file anew. Anything else is an error.
bool continues_at(const HttpResponse& response, uint64_t begin, const std::string& where) {
  if (response.status != 206) return false;
  const std::string range = response.header("content-range");
  if (!range.starts_with(fmt::format("bytes {}-", begin))) {
    fail(ErrorCode::kInvalidFile, "{}: asked for the bytes from {} on, the answer is Content-Range {:?}",
         where, begin, range);
  }
  return true;
}

// Removes the partial file and throws unless it is what the hub announced: a later run would only add to it.
void check_content(PartialFile& partial, const RemoteFile& remote, const std::string& where) {
  if (remote.size != 0 && partial.size() != remote.size) {
    partial.remove();
    fail(ErrorCode::kNetwork, "{}: got {} bytes, the hub announced {}; the download was removed", where,
         partial.size(), remote.size);
  }
  const DigestKind kind = digest_kind(remote.etag);
  if (kind == DigestKind::kNone) return;
  const std::string digest = file_digest(partial.path(), kind);
  if (digest != remote.etag) {
    partial.remove();
    fail(ErrorCode::kNetwork, "{}: {} is {}, the hub announced {}; the download was removed", where,
         kind == DigestKind::kSha256 ? "sha256" : "git sha1", digest, remote.etag);
  }
}

bool has_size(const std::filesystem::path& path, uint64_t size) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  return size == 0 || std::filesystem::file_size(path, error) == size;
}

bool is_listed(const std::vector<std::string>& files, const char* name) {
  return std::find(files.begin(), files.end(), name) != files.end();
}

}  // namespace

Downloader::Downloader(HubClient& hub, const RepoCache& cache, const ModelId& id, DownloadProgress progress)
    : hub_(hub), cache_(cache), id_(id), progress_(std::move(progress)) {}

std::string Downloader::fetch_snapshot(const RepoListing& listing) {
  const auto files = select_files(listing.files, id_.text());
  for (const std::string& file : files) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(cache_.snapshot(listing.commit) / file, error)) {
      fetch_file(listing.commit, file);
    }
  }
  const FileLock lock(cache_.refs_lock_file());
  for (const char* name : {kConfigFile, kTokenizerFile, kWeightsFile, kWeightsIndex}) {
    if (!is_listed(listing.files, name)) cache_.mark_absent(listing.commit, name);
  }
  cache_.write_ref(id_.revision, listing.commit);
  return listing.commit;
}

void Downloader::fetch_file(const std::string& commit, const std::string& file) {
  const RemoteFile remote = hub_.describe(commit, file);
  const FileLock lock(cache_.lock_file(remote.etag));
  if (!has_size(cache_.blob(remote.etag), remote.size)) fetch_blob(commit, file, remote);
  cache_.link_snapshot_file(commit, file, remote.etag);
}

void Downloader::fetch_blob(const std::string& commit, const std::string& file, const RemoteFile& remote) {
  const std::string where = id_.text() + "/" + file;
  PartialFile partial(cache_.blob(remote.etag).string() + ".incomplete");
  const auto report = [&] {
    if (progress_) progress_(file, partial.size(), remote.size);
  };
  const BodyHandler handler{.begin =
                                [&](const HttpResponse& response) {
                                  if (!continues_at(response, partial.size(), where)) partial.clear();
                                  report();
                                },
                            .data =
                                [&](std::string_view data) {
                                  if (remote.size != 0 && partial.size() + data.size() > remote.size) {
                                    partial.remove();
                                    fail(ErrorCode::kInvalidFile,
                                         "{}: more than the {} bytes that the hub announced", where,
                                         remote.size);
                                  }
                                  partial.append(data);
                                  report();
                                }};
  if (remote.size != 0 && partial.size() > remote.size) partial.clear();
  const bool whole = remote.size != 0 && partial.size() == remote.size;
  if (!whole) {
    const auto begin = [&] { return partial.size(); };
    if (hub_.download(commit, file, begin, handler) == 416) {
      partial.clear();
      hub_.download(commit, file, begin, handler);
    }
  }
  check_content(partial, remote, where);
  partial.publish(cache_.blob(remote.etag));
}

}  // namespace modernbert::hub
