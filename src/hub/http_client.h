// HTTP GET and HEAD over libcurl: redirects without leaking the token, retries with back-off, bounded
// answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace modernbert::hub {

struct HttpRequest {
  std::string url;
  std::string token;         // sent to the origin of `url` only, never to where it redirects
  bool head = false;         // HEAD instead of GET
  uint64_t range_begin = 0;  // above 0: asks for the bytes from there on
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last one of a name counts

  std::string header(const std::string& name) const;  // "" if absent
  bool is_redirect() const;                           // a 3xx with a Location
};

// What receives the body of a 2xx answer. `begin` comes first, once.
struct BodyHandler {
  std::function<void(const HttpResponse&)> begin;
  std::function<void(std::string_view)> data;
};

struct HttpTimeouts {
  std::chrono::milliseconds connect{10'000};
  std::chrono::seconds stall{30};  // without a byte
};

// One connection that is kept open between requests; not thread-safe.
class HttpClient {
 public:
  explicit HttpClient(const HttpTimeouts& timeouts = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // One try, redirects followed. Any status is an answer. Errors: kNetwork (no answer, or one that broke
  // off); what the handler throws.
  HttpResponse get(const HttpRequest& request, const BodyHandler& handler);
  // One try. Stops at the first answer that carries X-Linked-Etag, or an ETag on the way to another host: the
  // hub describes a large file there and redirects to storage that knows nothing of it.
  HttpResponse head(const HttpRequest& request);

 private:
  struct Exchange;
  HttpResponse perform(const HttpRequest& request, const BodyHandler& handler);
  HttpResponse follow(HttpRequest request, const BodyHandler& handler);

  struct Handle;
  std::unique_ptr<Handle> handle_;
  HttpTimeouts timeouts_;
};

// Percent-encodes everything but unreserved characters; keep_slashes for paths.
enum class Slashes { kKeep, kEncode };
std::string url_encode(std::string_view text, Slashes slashes);

}  // namespace modernbert::hub
