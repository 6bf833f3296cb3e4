// SHA-1 and SHA-256, which OpenSSL computes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modernbert {

enum class DigestAlgorithm { kSha1, kSha256 };

// Of bytes that come in parts; finish() or hex() is the last call.
class Digest {
 public:
  explicit Digest(DigestAlgorithm algorithm);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }

  std::vector<std::byte> finish();
  std::string hex();  // lower-case

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace modernbert
