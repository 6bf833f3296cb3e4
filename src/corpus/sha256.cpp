#include "corpus/sha256.h"

#include <cstring>

#include "core/digest.h"
#include "core/file.h"

namespace modernbert {

std::string sha256_of_file(const std::filesystem::path& path) {
  const MappedFile file = MappedFile::open(path);
  Digest digest(DigestAlgorithm::kSha256);
  digest.update(file.bytes());
  return digest.hex();
}

uint64_t sha256_prefix(std::string_view text) {
  Digest digest(DigestAlgorithm::kSha256);
  digest.update(text);
  uint64_t prefix = 0;
  std::memcpy(&prefix, digest.finish().data(), sizeof prefix);
  return prefix;
}

}  // namespace modernbert
