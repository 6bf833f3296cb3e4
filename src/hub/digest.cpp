#include "hub/digest.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "core/digest.h"
#include "core/file.h"

namespace modernbert::hub {

DigestKind digest_kind(std::string_view etag) {
  const bool hex = std::all_of(etag.begin(), etag.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (hex && etag.size() == 64) return DigestKind::kSha256;
  if (hex && etag.size() == 40) return DigestKind::kGitBlob;
  return DigestKind::kNone;
}

std::string file_digest(const std::filesystem::path& path, DigestKind kind) {
  MB_CHECK(kind != DigestKind::kNone);
  const MappedFile file = MappedFile::open(path);
  Digest digest(kind == DigestKind::kSha256 ? DigestAlgorithm::kSha256 : DigestAlgorithm::kSha1);
  if (kind == DigestKind::kGitBlob) {
    digest.update(fmt::format("blob {}", file.bytes().size()));
    digest.update(std::string_view("\0", 1));
  }
  digest.update(file.bytes());
  return digest.hex();
}

}  // namespace modernbert::hub
