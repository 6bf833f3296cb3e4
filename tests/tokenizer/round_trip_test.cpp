// decode(encode(x)) is NFC(x) for byte-level tokenizers, whatever x holds.
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <random>

#include "core/utf8.h"
#include "small_tokenizers.h"
#include "token_cases.h"

namespace modernbert {
namespace {

// Mixes ASCII, white space, combining marks, Hangul, CJK, emoji and anything else.
std::string random_text(std::mt19937& random) {
  struct Pool {
    char32_t first, last;
  };
  constexpr Pool kPools[] = {{0x20, 0x7E},       {0x00, 0x20},       {0xA0, 0x24F},    {0x300, 0x36F},
                             {0x591, 0x5C7},     {0x900, 0xDFF},     {0x1100, 0x11FF}, {0x2000, 0x206F},
                             {0x4E00, 0x9FFF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF}, {0x1E00, 0x1FFF},
                             {0x1F300, 0x1FAFF}, {0x2F800, 0x2FA1F}, {0x80, 0x10FFFF}};
  std::string text;
  const size_t runs = random() % 6;
  for (size_t run = 0; run < runs; ++run) {
    const Pool& pool = kPools[random() % std::size(kPools)];
    for (size_t i = random() % 8; i > 0; --i) {
      const char32_t c = pool.first + random() % (pool.last - pool.first + 1);
      const bool surrogate = c >= 0xD800 && c < 0xE000;
      if (!surrogate) append_utf8(text, c);
    }
  }
  return text;
}

std::string nfc(const std::string& text) {
  utf8proc_uint8_t* result = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &result,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string composed(reinterpret_cast<const char*>(result), static_cast<size_t>(length));
  std::free(result);
  return composed;
}

// Code points whose normalisation changed after the reference's tables (Unicode 9), or that utf8proc composes
// wrongly.
bool normalizes_differently(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i);
    const bool new_mark =
        utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class != 0 && c > 0x590;
    if (c == 0x11A7 || c == 0x11935 || c == 0x11930 || c == 0x11938 || new_mark) return true;
  }
  return false;
}

void check_round_trips(const Tokenizer& tokenizer, int count) {
  std::mt19937 random(7);
  int checked = 0;
  while (checked < count) {
    const std::string text = random_text(random);
    if (normalizes_differently(text)) continue;
    ++checked;
    const Encoding encoding = tokenizer.encode(text);
    ASSERT_EQ(tokenizer.decode(encoding.ids), nfc(text));
    testing::expect_same_characters(encoding, text);
  }
}

TEST(RoundTrip, SmallTokenizer) {
  check_round_trips(testing::small_tokenizer("bytes"), 3000);
}

TEST(RoundTrip, ModernBert) {
  const auto folder = testing::shared_dir() / "data" / "modernbert_tokenizer";
  MB_SKIP_UNLESS_EXISTS(folder);
  check_round_trips(Tokenizer::load(folder), 3000);
}

TEST(RoundTrip, LongText) {
  std::mt19937 random(8);
  std::string text;
  while (text.size() < 200'000) text += random_text(random) + "word ";
  if (normalizes_differently(text))
    text = std::string(200'000, 'x') + "\xCC\x81";  // keeps the length, loses the mix
  const Tokenizer tokenizer = testing::small_tokenizer("bytes");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text).ids), nfc(text));
}

// One word of 200,000 characters: merging must not take quadratic time.
TEST(RoundTrip, LongWord) {
  const std::string text(200'000, 'a');
  const Tokenizer tokenizer = testing::small_tokenizer("bytes");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text).ids), text);
}

}  // namespace
}  // namespace modernbert
