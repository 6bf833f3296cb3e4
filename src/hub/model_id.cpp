#include "hub/model_id.h"

#include <algorithm>

#include "core/fail.h"

namespace modernbert::hub {
namespace {

constexpr size_t kMaxNameLength = 96;  // the hub's own limit
constexpr size_t kMaxRevisionLength = 128;
constexpr size_t kMaxCommitLength = 64;

// Locale-independent, unlike <cctype>.
bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool has_only(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || contains(punctuation, {&c, 1});
  });
}

// One part of `org/name`. `--` is what the cache puts between org and name, so neither may hold it.
bool is_name_part(std::string_view part) {
  const auto may_end = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !part.empty() && has_only(part, "-_.") && may_end(part.front()) && may_end(part.back()) &&
         !contains(part, "--") && !contains(part, "..");
}

bool is_model_name(std::string_view name) {
  if (name.size() > kMaxNameLength || name.ends_with(".git")) return false;
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos) return is_name_part(name);
  return is_name_part(name.substr(0, slash)) && is_name_part(name.substr(slash + 1));
}

// Slashes are fine (`refs/pr/1`): the cache makes folders of them.
bool is_revision(std::string_view revision) {
  return !revision.empty() && revision.size() <= kMaxRevisionLength && has_only(revision, "-_./+") &&
         is_alphanumeric(revision.front()) && revision.back() != '/' && !contains(revision, "..") &&
         !contains(revision, "//") && !contains(revision, "/.");
}

}  // namespace

ModelId parse_model_id(std::string_view spec) {
  const size_t at = spec.find('@');
  const std::string_view name = spec.substr(0, at);
  const std::string_view revision = at == std::string_view::npos ? "main" : spec.substr(at + 1);
  if (!is_model_name(name)) {
    fail(ErrorCode::kInvalidArgument,
         "{:?}: not a folder and not a model id, want org/name[@revision] of letters, digits, '-', '_' and "
         "'.'",
         spec);
  }
  if (!is_revision(revision)) {
    fail(ErrorCode::kInvalidArgument, "{:?}: revision {:?}, want a branch, a tag or a commit hash", spec,
         revision);
  }
  return {std::string(name), std::string(revision)};
}

bool looks_like_path(std::string_view spec) {
  const std::string_view name = spec.substr(0, spec.find('@'));
  return spec.starts_with('/') || spec.starts_with('.') || spec.starts_with('~') || name.ends_with('/') ||
         std::count(name.begin(), name.end(), '/') > 1;
}

bool is_commit_hash(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(), is_hex);
}

bool is_commit_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCommitLength &&
         std::all_of(text.begin(), text.end(), is_alphanumeric);
}

}  // namespace modernbert::hub
