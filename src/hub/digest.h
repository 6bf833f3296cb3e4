// Digests of whole files, as the hub uses them for ETags.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace modernbert::hub {

enum class DigestKind {
  kNone,     // the ETag is no digest that we know
  kSha256,   // 64 hex digits: a large file
  kGitBlob,  // 40 hex digits: SHA-1 of "blob <size>\0" and the content, a file kept in git itself
};

DigestKind digest_kind(std::string_view etag);
// Lower-case hex; kind is not kNone.
std::string file_digest(const std::filesystem::path& path, DigestKind kind);

}  // namespace modernbert::hub
