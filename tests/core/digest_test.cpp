#include "core/digest.h"

#include <gtest/gtest.h>

namespace modernbert {
namespace {

std::string hex_of(DigestAlgorithm algorithm, std::initializer_list<std::string_view> parts) {
  Digest digest(algorithm);
  for (const std::string_view part : parts) digest.update(part);
  return digest.hex();
}

// The examples of FIPS 180-4.
TEST(Digest, KnownValues) {
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha1, {"abc"}), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha256, {"abc"}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha256, {}),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, PartsMakeUpTheWhole) {
  EXPECT_EQ(hex_of(DigestAlgorithm::kSha256, {"a", "", "bc"}), hex_of(DigestAlgorithm::kSha256, {"abc"}));
}

TEST(Digest, BytesAreThoseOfTheText) {
  Digest digest(DigestAlgorithm::kSha1);
  digest.update("abc");
  const std::vector<std::byte> bytes = digest.finish();
  ASSERT_EQ(bytes.size(), 20u);
  EXPECT_EQ(bytes.front(), std::byte{0xa9});
  EXPECT_EQ(bytes.back(), std::byte{0x9d});
}

}  // namespace
}  // namespace modernbert
