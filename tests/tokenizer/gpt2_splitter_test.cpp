#include "tokenizer/gpt2_splitter.h"

#include <gtest/gtest.h>

#include <string>

namespace modernbert {
namespace {

using Words = std::vector<std::string>;

Words split(std::string_view text) {
  const Gpt2Splitter splitter;
  Words words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = splitter.match_end(text, begin);
    words.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

TEST(Gpt2Splitter, WordsTakeOneSpace) {
  EXPECT_EQ(split("Hello World!"), (Words{"Hello", " World", "!"}));
  EXPECT_EQ(split(" a  b   c "), (Words{" a", " ", " b", "  ", " c", " "}));
  EXPECT_EQ(split("a\tb"), (Words{"a", "\t", "b"}));
  EXPECT_EQ(split("a\n b"), (Words{"a", "\n", " b"}));
  EXPECT_EQ(split(" \nb\n\n"), (Words{" ", "\n", "b", "\n\n"}));
}

TEST(Gpt2Splitter, Contractions) {
  EXPECT_EQ(split("it's I'LL we'll they've 're"),
            (Words{"it", "'s", " I", "'", "LL", " we", "'ll", " they", "'ve", " '", "re"}));
  EXPECT_EQ(split("'sting"), (Words{"'s", "ting"}));
  EXPECT_EQ(split("!'s"), (Words{"!'", "s"}));
  EXPECT_EQ(split("'r"), (Words{"'", "r"}));
}

TEST(Gpt2Splitter, NumbersAndSymbols) {
  EXPECT_EQ(split("x12 345.6"), (Words{"x", "12", " 345", ".", "6"}));
  EXPECT_EQ(split("a >= b"), (Words{"a", " >=", " b"}));
  EXPECT_EQ(split("\u00bd\u0663\u2167"), (Words{"\u00bd\u0663\u2167"}));
}

TEST(Gpt2Splitter, UnicodeClasses) {
  EXPECT_EQ(split("\u041c\u0438\u0440 \u65e5\u672c"), (Words{"\u041c\u0438\u0440", " \u65e5\u672c"}));
  EXPECT_EQ(split("a\u00a0b"), (Words{"a", "\u00a0", "b"}));  // white space that is not ' ' leads no word
  EXPECT_EQ(split("a\u3000\u3000b"), (Words{"a", "\u3000", "\u3000", "b"}));
  EXPECT_EQ(split("e\u0301x"), (Words{"e", "\u0301", "x"}));  // a mark is neither letter nor space
  EXPECT_EQ(split("a\u200bb"), (Words{"a", "\u200b", "b"}));  // zero-width space is no white space
  EXPECT_EQ(split("\U00010d50\U0001f600"), (Words{"\U00010d50", "\U0001f600"}));  // a letter of Unicode 16
}

}  // namespace
}  // namespace modernbert
