// Well- and ill-formed sequences after table 3-7 of the Unicode standard; replacements as Python's
// errors="replace".
#include "core/utf8.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace modernbert {
namespace {

struct Malformed {
  std::string bytes;
  size_t first_bad;
  std::string replaced;  // U+FFFD written as "?" for legibility
};

std::string with_question_marks(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i);
    append_utf8(out, c == 0xFFFD ? U'?' : c);
  }
  return out;
}

TEST(Utf8, FindsAndReplacesMaximalIllFormedParts) {
  const std::array<Malformed, 12> cases = {{{"a\x80z", 1, "a?z"},
                                            {"a\xC0\xAFz", 1, "a??z"},            // overlong '/'
                                            {"a\xE0\x80\x80z", 1, "a???z"},       // overlong
                                            {"a\xED\xA0\x80z", 1, "a???z"},       // surrogate
                                            {"a\xF4\x90\x80\x80z", 1, "a????z"},  // above U+10FFFF
                                            {"a\xF5\x80z", 1, "a??z"},            // no such first byte
                                            {"a\xE2\x82", 1, "a?"},               // truncated: one part
                                            {"a\xE2\x82z", 1, "a?z"},
                                            {"a\xF0\x9F\x98", 1, "a?"},
                                            {"a\xF0\x9F\xF0\x9F\x98\x80", 1, "a?\xF0\x9F\x98\x80"},
                                            {"\xFF", 0, "?"},
                                            {"\xC3\xA9\xC3", 2, "\xC3\xA9?"}}};
  for (const Malformed& c : cases) {
    EXPECT_EQ(find_invalid_utf8(c.bytes), c.first_bad) << c.replaced;
    EXPECT_EQ(with_question_marks(replace_invalid_utf8(c.bytes)), c.replaced);
  }
}

TEST(Utf8, EveryCodePointSurvivesARoundTrip) {
  std::string text;
  size_t count = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    append_utf8(text, c);
    ++count;
  }
  EXPECT_FALSE(find_invalid_utf8(text));
  EXPECT_EQ(count_code_points(text), count);
  size_t i = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    ASSERT_EQ(next_code_point(text, i), c);
  }
  EXPECT_EQ(i, text.size());
  EXPECT_EQ(replace_invalid_utf8(text), text);
}

TEST(Utf8, EverySurrogateIsIllFormed) {
  for (char32_t c = 0xD800; c <= 0xDFFF; ++c) {
    std::string text;
    append_utf8(text, c);
    ASSERT_EQ(find_invalid_utf8(text), 0u);
  }
}

}  // namespace
}  // namespace modernbert
