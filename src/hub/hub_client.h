// What the hub's HTTP interface says: which files a revision has, and what a file is. Turns statuses into
// errors that tell a user what to do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hub/http_client.h"
#include "hub/model_id.h"
#include "hub/settings.h"

namespace modernbert::hub {

struct RepoListing {
  std::string commit;
  std::vector<std::string> files;  // as the hub names them: not yet checked
};

struct RemoteFile {
  std::string etag;   // safe as a file name
  uint64_t size = 0;  // 0 = the hub does not say
};

// Waits between tries of a request that failed for a reason that may pass: no connection, a broken one, 429
// or 5xx.
struct RetryPolicy {
  int tries = 4;
  std::chrono::milliseconds first_wait{250};  // doubles from try to try
};

class HubClient {
 public:
  HubClient(const HubSettings& settings, ModelId id, const RetryPolicy& retries = {},
            const HttpTimeouts& timeouts = {});

  // Errors (both): kNotFound (no such model, revision or file), kNetwork, kInvalidFile (a malformed answer).
  RepoListing list();
  RemoteFile describe(const std::string& commit, const std::string& file);
  // The content from byte `begin` on; begin() is asked before every try. Returns the status: a success, or
  // 416 for a range that the file does not have.
  int download(const std::string& commit, const std::string& file, const std::function<uint64_t()>& begin,
               const BodyHandler& handler);

 private:
  std::string file_url(const std::string& commit, const std::string& file) const;
  HttpResponse with_retries(const std::function<HttpResponse()>& request,
                            const std::function<uint64_t()>& progress = {});
  [[noreturn]] void reject(const HttpResponse& response, const std::string& what) const;

  const HubSettings& settings_;
  ModelId id_;
  RetryPolicy retries_;
  HttpClient http_;
};

}  // namespace modernbert::hub
