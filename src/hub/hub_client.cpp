#include "hub/hub_client.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>
#include <utility>

#include "core/fail.h"
#include "core/json.h"

namespace modernbert::hub {
namespace {

constexpr size_t kMaxListingBytes = size_t{32} << 20;
constexpr size_t kMaxListedFiles = 100'000;
constexpr size_t kMaxEtag = 128;
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 44;

bool may_pass(int status) {
  return status == 429 || status >= 500;
}

// `W/"abc"` -> `abc`; "" for what cannot be a file name.
std::string etag_text(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return etag.size() <= kMaxEtag && std::all_of(etag.begin(), etag.end(), safe) ? std::string(etag) : "";
}

uint64_t read_size(const std::string& text, const std::string& url) {
  if (text.empty()) return 0;
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size > kMaxFileBytes) {
    fail(ErrorCode::kInvalidFile, "{}: the hub says the file has {:?} bytes", url, text);
  }
  return size;
}

RepoListing read_listing(const std::string& body, const std::string& url) {
  const Json json = parse_json(body, url);
  const JsonObject object(json, url);
  RepoListing listing;
  listing.commit = object.string("sha", "");
  if (!is_commit_name(listing.commit)) object.reject("sha", "a commit hash");
  const Json* siblings = object.find("siblings");
  if (siblings == nullptr || !siblings->is_array() || siblings->size() > kMaxListedFiles) {
    object.reject("siblings", "a list of files");
  }
  for (const Json& sibling : *siblings) {
    const JsonObject file(sibling, url);
    listing.files.push_back(file.string("rfilename", ""));
  }
  return listing;
}

}  // namespace

HubClient::HubClient(const HubSettings& settings, ModelId id, const RetryPolicy& retries,
                     const HttpTimeouts& timeouts)
    : settings_(settings), id_(std::move(id)), retries_(retries), http_(timeouts) {}

std::string HubClient::file_url(const std::string& commit, const std::string& file) const {
  return fmt::format("{}/{}/resolve/{}/{}", settings_.endpoint, id_.name, commit,
                     url_encode(file, Slashes::kKeep));
}

// progress: bytes that are here. A broken download that got further than the one before starts a new count.
HttpResponse HubClient::with_retries(const std::function<HttpResponse()>& request,
                                     const std::function<uint64_t()>& progress) {
  auto wait = retries_.first_wait;
  uint64_t before = progress ? progress() : 0;
  for (int attempt = 1;; ++attempt) {
    try {
      HttpResponse response = request();
      if (!may_pass(response.status) || attempt >= retries_.tries) return response;
    } catch (const Error& error) {
      if (progress && progress() > before) {
        before = progress();
        attempt = 1;
        wait = retries_.first_wait;
      }
      if (error.code() != ErrorCode::kNetwork || attempt >= retries_.tries) throw;
    }
    std::this_thread::sleep_for(wait);
    wait *= 2;
  }
}

void HubClient::reject(const HttpResponse& response, const std::string& what) const {
  const std::string reason = response.header("x-error-code");
  const bool hidden = reason == "RepoNotFound";  // the hub answers 401 for these as well
  if (response.status == 404 || response.status == 410 || hidden) {
    fail(ErrorCode::kNotFound, "{}: {} has no such {}{}", id_.text(), settings_.endpoint, what,
         hidden && settings_.token.empty() ? " (if it is private, set HF_TOKEN)" : "");
  }
  if (response.status == 401 || response.status == 403) {
    const char* advice = settings_.token.empty()
                             ? "it is private or gated: accept its terms on its page, then set HF_TOKEN"
                             : "the token does not give access: check it, and accept the model's terms";
    fail(ErrorCode::kNetwork, "{}: {} answers {} ({})", id_.text(), settings_.endpoint, response.status,
         advice);
  }
  fail(ErrorCode::kNetwork, "{}: {} answers {} for the {}", id_.text(), settings_.endpoint, response.status,
       what);
}

RepoListing HubClient::list() {
  const std::string url = fmt::format("{}/api/models/{}/revision/{}", settings_.endpoint, id_.name,
                                      url_encode(id_.revision, Slashes::kEncode));
  std::string body;
  const BodyHandler handler{.begin = [&](const HttpResponse&) { body.clear(); },
                            .data =
                                [&](std::string_view data) {
                                  body += data;
                                  if (body.size() > kMaxListingBytes) {
                                    fail(ErrorCode::kInvalidFile, "{}: more than {} bytes", url,
                                         kMaxListingBytes);
                                  }
                                }};
  const auto response =
      with_retries([&] { return http_.get({.url = url, .token = settings_.token}, handler); });
  if (response.status != 200) reject(response, "model or revision");
  return read_listing(body, url);
}

RemoteFile HubClient::describe(const std::string& commit, const std::string& file) {
  const std::string url = file_url(commit, file);
  const auto response = with_retries([&] { return http_.head({.url = url, .token = settings_.token}); });
  if (response.status != 200 && !response.is_redirect()) reject(response, "file " + file);
  const std::string actual_commit = response.header("x-repo-commit");
  if (!actual_commit.empty() && actual_commit != commit) {
    fail(ErrorCode::kInvalidFile, "{}: the hub answers for commit {:?}", url, actual_commit);
  }
  RemoteFile remote;
  const std::string linked = response.header("x-linked-etag");
  const std::string etag = linked.empty() ? response.header("etag") : linked;
  remote.etag = etag_text(etag);
  if (remote.etag.empty()) {
    fail(ErrorCode::kInvalidFile, "{}: ETag is {:?}, want letters, digits, '-' and '_'", url, etag);
  }
  std::string size = response.header("x-linked-size");
  if (size.empty() && !response.is_redirect()) size = response.header("content-length");
  remote.size = read_size(size, url);
  return remote;
}

int HubClient::download(const std::string& commit, const std::string& file,
                        const std::function<uint64_t()>& begin, const BodyHandler& handler) {
  const std::string url = file_url(commit, file);
  const auto response = with_retries(
      [&] { return http_.get({.url = url, .token = settings_.token, .range_begin = begin()}, handler); },
      begin);
  const bool usable = response.status == 200 || response.status == 206 || response.status == 416;
  if (!usable) reject(response, "file " + file);
  return response.status;
}

}  // namespace modernbert::hub
