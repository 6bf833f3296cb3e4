#include "hub/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <mutex>
#include <utility>

#include "core/fail.h"

namespace modernbert::hub {
namespace {

constexpr int kMaxRedirects = 8;
constexpr size_t kMaxHeaderBytes = 64 << 10;
constexpr size_t kMaxErrorBody = 1 << 20;  // of an answer whose body nobody wants

void initialize_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

// scheme://host:port with the default port filled in, "" if the address is malformed.
std::string origin_of(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  std::string origin;
  for (const CURLUPart part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT}) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
    origin.append(text).append("|");
    curl_free(text);
  }
  std::transform(origin.begin(), origin.end(), origin.begin(), to_lower);
  return origin;
}

// "HTTP/1.1 200 OK" -> 200; 0 if malformed.
int status_of(std::string_view line) {
  const size_t space = std::min(line.find(' '), line.size() - 1);
  int status = 0;
  std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
  return status;
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? "" : it->second;
}

bool HttpResponse::is_redirect() const {
  return status >= 300 && status < 400 && headers.contains("location");
}

struct HttpClient::Handle {
  CURL* curl = curl_easy_init();
  ~Handle() { curl_easy_cleanup(curl); }
};

// One request on the wire. The callbacks run inside libcurl, which exceptions must not cross: they are kept
// and thrown again afterwards.
struct HttpClient::Exchange {
  const BodyHandler& handler;
  HttpResponse response;
  std::exception_ptr error;
  size_t header_bytes = 0;
  size_t dropped = 0;
  bool begun = false;

  static size_t on_header(char* data, size_t, size_t bytes, void* self) {
    return static_cast<Exchange*>(self)->header({data, bytes}) ? bytes : 0;
  }
  static size_t on_body(char* data, size_t, size_t bytes, void* self) {
    return static_cast<Exchange*>(self)->body({data, bytes}) ? bytes : 0;
  }

  bool header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kMaxHeaderBytes) return false;
    if (line.starts_with("HTTP/")) {  // also after a 100 Continue: start afresh
      response.headers.clear();
      response.status = status_of(line);
      return true;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    std::string name(trim(line.substr(0, colon)));
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    response.headers[name] = trim(line.substr(colon + 1));
    return true;
  }

  void begin() {
    if (begun || !is_success(response.status)) return;
    begun = true;
    if (handler.begin) handler.begin(response);
  }

  bool body(std::string_view data) {
    if (!is_success(response.status)) return (dropped += data.size()) <= kMaxErrorBody;
    try {
      begin();
      if (handler.data) handler.data(data);
      return true;
    } catch (...) {
      error = std::current_exception();
      return false;
    }
  }
};

HttpClient::HttpClient(const HttpTimeouts& timeouts) : timeouts_(timeouts) {
  initialize_curl();
  handle_ = std::make_unique<Handle>();
  if (handle_->curl == nullptr) fail(ErrorCode::kInternal, "libcurl: cannot start");
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::perform(const HttpRequest& request, const BodyHandler& handler) {
  CURL* curl = handle_->curl;
  Exchange exchange{.handler = handler, .response = {}, .error = nullptr};
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      // Compression would change Content-Length, which is checked against the file.
      curl_slist_append(request.token.empty()
                            ? nullptr
                            : curl_slist_append(nullptr, ("Authorization: Bearer " + request.token).c_str()),
                        "Accept-Encoding: identity"),
      curl_slist_free_all);
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "modernbert");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOBODY, request.head ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeouts_.connect.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(timeouts_.stall.count()));
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  const std::string range = std::to_string(request.range_begin) + "-";
  if (request.range_begin > 0) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());

  const CURLcode code = curl_easy_perform(curl);
  if (exchange.error) std::rethrow_exception(exchange.error);
  if (code != CURLE_OK) fail(ErrorCode::kNetwork, "{}: {}", request.url, curl_easy_strerror(code));
  exchange.begin();  // an empty body never reached the callback
  return std::move(exchange.response);
}

HttpResponse HttpClient::follow(HttpRequest request, const BodyHandler& handler) {
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    HttpResponse response = perform(request, handler);
    if (!response.is_redirect()) return response;
    char* location = nullptr;  // absolute, unlike the header
    curl_easy_getinfo(handle_->curl, CURLINFO_REDIRECT_URL, &location);
    const std::string next = location == nullptr ? "" : location;
    const bool same_origin = origin_of(next) == origin_of(request.url);
    const bool describes_file =
        response.headers.contains("x-linked-etag") || (!same_origin && response.headers.contains("etag"));
    if (request.head && describes_file) return response;
    const bool downgrade = request.url.starts_with("https:") && !next.starts_with("https:");
    if (origin_of(next).empty() || downgrade) {
      fail(ErrorCode::kNetwork, "{}: redirects to {:?}, which is not followed", request.url, next);
    }
    if (!same_origin) request.token.clear();
    request.url = next;
  }
  fail(ErrorCode::kNetwork, "{}: more than {} redirects", request.url, kMaxRedirects);
}

HttpResponse HttpClient::get(const HttpRequest& request, const BodyHandler& handler) {
  return follow(request, handler);
}

HttpResponse HttpClient::head(const HttpRequest& request) {
  HttpRequest head = request;
  head.head = true;
  return follow(std::move(head), {});
}

std::string url_encode(std::string_view text, Slashes slashes) {
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '_' || c == '.' || c == '~';
    if (unreserved || (c == '/' && slashes == Slashes::kKeep)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace modernbert::hub
