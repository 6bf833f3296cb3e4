#include "core/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace modernbert {
namespace {

uint32_t crc(const std::string& text, uint32_t before = 0) {
  return crc32c(std::as_bytes(std::span(text)), before);
}

// RFC 3720, B.4, and the check value of the CRC catalogue.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc("123456789"), 0xE3069283);
  EXPECT_EQ(crc(std::string(32, '\0')), 0x8A9136AA);
  EXPECT_EQ(crc(std::string(32, '\xff')), 0x62A8AB43);
  EXPECT_EQ(crc(""), 0u);
}

TEST(Crc32c, GoesOnFromAnyPlace) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (size_t i = 0; i <= text.size(); ++i)
    EXPECT_EQ(crc(text.substr(i), crc(text.substr(0, i))), crc(text)) << i;
}

}  // namespace
}  // namespace modernbert
