#include "core/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/check.h"

namespace modernbert {

struct Digest::Context {
  EVP_MD_CTX* state = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(state); }
};

Digest::Digest(DigestAlgorithm algorithm) : context_(std::make_unique<Context>()) {
  const EVP_MD* method = algorithm == DigestAlgorithm::kSha1 ? EVP_sha1() : EVP_sha256();
  MB_CHECK(context_->state != nullptr && EVP_DigestInit_ex(context_->state, method, nullptr) == 1);
}

Digest::~Digest() = default;

void Digest::update(std::span<const std::byte> bytes) {
  MB_CHECK(EVP_DigestUpdate(context_->state, bytes.data(), bytes.size()) == 1);
}

std::vector<std::byte> Digest::finish() {
  std::vector<std::byte> value(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  MB_CHECK(EVP_DigestFinal_ex(context_->state, reinterpret_cast<unsigned char*>(value.data()), &size) == 1);
  value.resize(size);
  return value;
}

std::string Digest::hex() {
  std::string text;
  for (const std::byte byte : finish()) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

}  // namespace modernbert
