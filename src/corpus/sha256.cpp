#include "corpus/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "core/check.h"
#include "core/fail.h"
#include "core/file.h"

namespace modernbert {
namespace {

using Digest = std::array<unsigned char, 32>;

Digest digest_of(const void* data, size_t size) {
  Digest digest;
  unsigned length = 0;
  MB_CHECK(::EVP_Digest(data, size, digest.data(), &length, ::EVP_sha256(), nullptr) == 1);
  return digest;
}

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path) {
  const MappedFile file = MappedFile::open(path);
  std::string hex;
  for (const unsigned char byte : digest_of(file.bytes().data(), file.bytes().size())) {
    hex += fmt::format("{:02x}", byte);
  }
  return hex;
}

uint64_t sha256_prefix(std::string_view text) {
  const Digest digest = digest_of(text.data(), text.size());
  uint64_t prefix = 0;
  std::memcpy(&prefix, digest.data(), sizeof prefix);
  return prefix;
}

}  // namespace modernbert
