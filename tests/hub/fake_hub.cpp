#include "hub/fake_hub.h"

#include <utility>

#include "core/json.h"

namespace modernbert::testing {
namespace {

const std::string kListingPrefix = "/api/models/org/model/revision/";
const std::string kFilePrefix = "/org/model/resolve/";
const std::string kStoragePrefix = "/storage/";

ServerAnswer not_found(const std::string& code) {
  return {.status = 404, .headers = {{"X-Error-Code", code}}, .body = "{\"error\":\"not found\"}"};
}

// The content, or the part of it that a Range header asks for.
ServerAnswer content_answer(const ServerRequest& request, const std::string& content) {
  const auto range = request.headers.find("range");
  if (range == request.headers.end()) return {.status = 200, .headers = {}, .body = content};
  const size_t begin = std::stoull(range->second.substr(std::string("bytes=").size()));
  if (begin >= content.size()) return {.status = 416, .headers = {}, .body = ""};
  const std::string content_range = "bytes " + std::to_string(begin) + "-" +
                                    std::to_string(content.size() - 1) + "/" + std::to_string(content.size());
  return {.status = 206, .headers = {{"Content-Range", content_range}}, .body = content.substr(begin)};
}

}  // namespace

FakeFile small_file(std::string content, std::string git_blob_hash) {
  return {.content = std::move(content), .etag = std::move(git_blob_hash), .large = false, .size = {}};
}

FakeFile large_file(std::string content, std::string sha256) {
  return {.content = std::move(content), .etag = std::move(sha256), .large = true, .size = {}};
}

FakeHub::FakeHub() : server_([this](const ServerRequest& request) { return answer(request); }) {}

void FakeHub::commit(const std::string& revision, const std::string& commit,
                     std::map<std::string, FakeFile> files) {
  const std::lock_guard lock(mutex_);
  revisions_[revision] = commit;
  revisions_[commit] = commit;
  commits_[commit] = std::move(files);
}

void FakeHub::intercept(Intercept intercept) {
  const std::lock_guard lock(mutex_);
  intercept_ = std::move(intercept);
}

void FakeHub::redirect_large_files_to(std::string storage_url) {
  const std::lock_guard lock(mutex_);
  storage_ = std::move(storage_url);
}

ServerAnswer FakeHub::answer(const ServerRequest& request) {
  const std::lock_guard lock(mutex_);
  const size_t n = ++counts_[request.method + " " + request.target];
  if (intercept_) {
    if (auto replaced = intercept_(request, n)) return *replaced;
  }
  const std::string& target = request.target;
  if (target.starts_with(kListingPrefix)) return listing(target.substr(kListingPrefix.size()));
  if (!target.starts_with(kFilePrefix)) return not_found("RepoNotFound");
  const size_t slash = target.find('/', kFilePrefix.size());
  if (slash == std::string::npos) return not_found("EntryNotFound");
  return file(request, target.substr(kFilePrefix.size(), slash - kFilePrefix.size()),
              target.substr(slash + 1));
}

ServerAnswer FakeHub::listing(const std::string& revision) const {
  const auto commit = revisions_.find(revision);
  if (commit == revisions_.end()) return not_found("RevisionNotFound");
  Json json = {{"id", "org/model"}, {"sha", commit->second}, {"siblings", Json::array()}};
  for (const auto& [name, file] : commits_.at(commit->second)) {
    json["siblings"].push_back({{"rfilename", name}});
  }
  return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = json.dump()};
}

ServerAnswer FakeHub::file(const ServerRequest& request, const std::string& commit,
                           const std::string& name) const {
  const auto files = commits_.find(commit);
  if (files == commits_.end() || !files->second.contains(name)) return not_found("EntryNotFound");
  const FakeFile& file = files->second.at(name);
  ServerAnswer answer = content_answer(request, file.content);
  const std::string size = std::to_string(file.size.value_or(file.content.size()));
  if (file.large && !storage_.empty()) {
    answer = {.status = 302,
              .headers = {{"Location", storage_ + kStoragePrefix + commit + "/" + name}},
              .body = ""};
  }
  answer.headers["X-Repo-Commit"] = commit;
  if (file.large) {
    answer.headers["X-Linked-Etag"] = "\"" + file.etag + "\"";
    answer.headers["X-Linked-Size"] = size;
    answer.headers["ETag"] = "\"of-the-redirect\"";
  } else {
    answer.headers["ETag"] = "\"" + file.etag + "\"";
    if (request.method == "HEAD") answer.headers["Content-Length"] = size;
  }
  return answer;
}

ServerAnswer FakeHub::storage_answer(const ServerRequest& request) const {
  const std::lock_guard lock(mutex_);
  const std::string path = request.target.substr(kStoragePrefix.size());
  const size_t slash = path.find('/');
  return content_answer(request, commits_.at(path.substr(0, slash)).at(path.substr(slash + 1)).content);
}

}  // namespace modernbert::testing
