// A hub with a handful of repositories in memory, served by TestServer as the real one would: listing by
// revision, files by commit, ETag or X-Linked-Etag, byte ranges, redirects of large files to a second server.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hub/test_server.h"

namespace modernbert::testing {

struct FakeFile {
  std::string content;
  std::string etag;            // as sent, without quotes
  bool large = false;          // described by X-Linked-*, redirected to storage where there is one
  std::optional<size_t> size;  // what the hub claims, where it lies
};

// A file kept in git: the ETag is its blob hash, which the test knows from git.
FakeFile small_file(std::string content, std::string git_blob_hash);
// A file of large-file storage, with its sha256.
FakeFile large_file(std::string content, std::string sha256);

class FakeHub {
 public:
  FakeHub();

  // The next commit of a revision of org/model. Files of earlier commits stay.
  void commit(const std::string& revision, const std::string& commit, std::map<std::string, FakeFile> files);
  // Asked before anything else; an answer replaces the hub's own. n: requests so far of this very line.
  using Intercept = std::function<std::optional<ServerAnswer>(const ServerRequest&, size_t n)>;
  void intercept(Intercept intercept);
  // Large files are redirected there; it serves them by commit and name.
  void redirect_large_files_to(std::string storage_url);

  TestServer& server() { return server_; }
  std::string url() const { return server_.url(); }
  // What a storage server answers for the target that the hub redirects to.
  ServerAnswer storage_answer(const ServerRequest& request) const;

 private:
  ServerAnswer answer(const ServerRequest& request);
  ServerAnswer listing(const std::string& revision) const;
  ServerAnswer file(const ServerRequest& request, const std::string& commit, const std::string& name) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> revisions_;
  std::map<std::string, std::map<std::string, FakeFile>> commits_;
  std::map<std::string, size_t> counts_;
  Intercept intercept_;
  std::string storage_;
  TestServer server_;  // last: it stops before what its handler uses goes
};

}  // namespace modernbert::testing
