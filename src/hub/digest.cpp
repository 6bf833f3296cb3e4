#include "hub/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/check.h"
#include "core/fail.h"
#include "core/file.h"

namespace modernbert::hub {
namespace {

constexpr size_t kChunk = size_t{1} << 20;

class Digest {
 public:
  explicit Digest(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    MB_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_.get(), algorithm, nullptr) == 1);
  }

  void update(const void* data, size_t bytes) {
    MB_CHECK(EVP_DigestUpdate(context_.get(), data, bytes) == 1);
  }

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value;
    unsigned size = 0;
    MB_CHECK(EVP_DigestFinal_ex(context_.get(), value.data(), &size) == 1);
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", value[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

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
  const auto bytes = file.bytes();
  Digest digest(kind == DigestKind::kSha256 ? EVP_sha256() : EVP_sha1());
  if (kind == DigestKind::kGitBlob) {
    const std::string header = fmt::format("blob {}", bytes.size());
    digest.update(header.c_str(), header.size() + 1);  // with its NUL
  }
  for (size_t begin = 0; begin < bytes.size(); begin += kChunk) {
    digest.update(bytes.data() + begin, std::min(kChunk, bytes.size() - begin));
  }
  return digest.hex();
}

}  // namespace modernbert::hub
