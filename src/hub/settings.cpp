#include "hub/settings.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/fail.h"
#include "core/file.h"

namespace modernbert::hub {
namespace {

constexpr std::string_view kDefaultEndpoint = "https://huggingface.co";
constexpr size_t kMaxTokenFileBytes = 4096;

// An empty variable counts as unset.
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// First variable of the list that is set.
std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = environment(name); !value.empty()) return value;
  }
  return "";
}

bool is_true(const char* name) {
  std::string value = environment(name);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

std::filesystem::path home_folder() {
  const std::string home = environment("HOME");
  if (home.empty()) fail(ErrorCode::kInvalidArgument, "hub cache: HOME is not set; set HF_HUB_CACHE");
  return home;
}

std::filesystem::path expand_home(const std::string& path) {
  if (path == "~") return home_folder();
  return path.starts_with("~/") ? home_folder() / path.substr(2) : std::filesystem::path(path);
}

// Folder of everything Hugging Face keeps for a user.
std::filesystem::path hugging_face_folder() {
  if (const std::string home = environment("HF_HOME"); !home.empty()) return expand_home(home);
  const std::string xdg = environment("XDG_CACHE_HOME");
  return (xdg.empty() ? home_folder() / ".cache" : expand_home(xdg)) / "huggingface";
}

std::filesystem::path cache_folder(const HubOptions& options) {
  if (options.cache) return *options.cache;
  const std::string named = first_of({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"});
  return named.empty() ? hugging_face_folder() / "hub" : expand_home(named);
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin));
}

std::string token_of_file() {
  const std::string named = environment("HF_TOKEN_PATH");
  // Without a home there is no default token file, which is no error.
  if (named.empty() && environment("HF_HOME").empty() && environment("XDG_CACHE_HOME").empty() &&
      environment("HOME").empty()) {
    return "";
  }
  const auto path = named.empty() ? hugging_face_folder() / "token" : expand_home(named);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "";
  return read_file(path, kMaxTokenFileBytes);
}

std::string find_token(const HubOptions& options) {
  std::string token = trimmed(options.token);
  if (token.empty() && is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return "";
  if (token.empty()) token = trimmed(first_of({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}));
  if (token.empty()) token = trimmed(token_of_file());
  // Anything else could end the header line that it is sent in.
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 127; });
  if (!printable) fail(ErrorCode::kInvalidArgument, "hub token: holds a space or a control character");
  return token;
}

std::string find_endpoint(const HubOptions& options) {
  std::string endpoint = options.endpoint.empty() ? environment("HF_ENDPOINT") : options.endpoint;
  if (endpoint.empty()) endpoint = kDefaultEndpoint;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (!endpoint.starts_with("http://") && !endpoint.starts_with("https://")) {
    fail(ErrorCode::kInvalidArgument, "hub endpoint is {:?}, want an http:// or https:// address", endpoint);
  }
  return endpoint;
}

}  // namespace

HubSettings resolve_settings(const HubOptions& options) {
  HubSettings settings;
  settings.endpoint = find_endpoint(options);
  settings.token = find_token(options);
  settings.cache = cache_folder(options);
  settings.offline = options.offline.value_or(is_true("HF_HUB_OFFLINE") || is_true("TRANSFORMERS_OFFLINE"));
  settings.progress = options.progress;
  return settings;
}

}  // namespace modernbert::hub
