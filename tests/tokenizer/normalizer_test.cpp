#include "tokenizer/normalizer.h"

#include <gtest/gtest.h>

#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

std::string result_of(const NormalizerPtr& normalizer, std::string_view text) {
  return normalized_string(normalizer.get(), text);
}

// Origin of each byte of the normalised text, one pair of numbers each.
std::vector<std::pair<uint32_t, uint32_t>> origins(const NormalizerPtr& normalizer, std::string_view text) {
  AlignedText aligned{AlignedView(text)};
  normalizer->apply(aligned);
  std::vector<std::pair<uint32_t, uint32_t>> result;
  for (size_t i = 0; i < aligned.text().size(); ++i) {
    const ByteSpan span = aligned.view().origin(i);
    result.emplace_back(span.begin, span.end);
  }
  return result;
}

using Origins = std::vector<std::pair<uint32_t, uint32_t>>;

TEST(Normalizer, NormalForms) {
  const char* text = "e\u0301 \u00e9 \ufb01 \u1112\u1161\u11ab \u212b";
  EXPECT_EQ(result_of(make_normal_form(NormalForm::kNfc), text), "\u00e9 \u00e9 \ufb01 \ud55c \u00c5");
  EXPECT_EQ(result_of(make_normal_form(NormalForm::kNfd), text),
            "e\u0301 e\u0301 \ufb01 \u1112\u1161\u11ab A\u030a");
  EXPECT_EQ(result_of(make_normal_form(NormalForm::kNfkc), text), "\u00e9 \u00e9 fi \ud55c \u00c5");
  EXPECT_EQ(result_of(make_normal_form(NormalForm::kNfkd), text),
            "e\u0301 e\u0301 fi \u1112\u1161\u11ab A\u030a");
}

TEST(Normalizer, MarksAreReorderedAndBlocked) {
  const auto nfc = make_normal_form(NormalForm::kNfc);
  EXPECT_EQ(result_of(nfc, "q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(result_of(nfc, "a\u0323\u0302"), "\u1ead");
  EXPECT_EQ(result_of(nfc, "a\u0305\u0301"), "a\u0305\u0301");  // the overline blocks the acute
  EXPECT_EQ(result_of(nfc, "\uac00\u11a7"), "\uac00\u11a7");  // U+11A7 is before the first trailing consonant
  EXPECT_EQ(result_of(nfc, "\u0301x"), "\u0301x");
}

TEST(Normalizer, AlignmentOfComposition) {
  EXPECT_EQ(origins(make_normal_form(NormalForm::kNfc), "xe\u0301y"),
            (Origins{{0, 1}, {1, 2}, {1, 2}, {4, 5}}));
  EXPECT_EQ(origins(make_normal_form(NormalForm::kNfd), "\u00e9"), (Origins{{0, 2}, {0, 2}, {0, 2}}));
}

TEST(Normalizer, LowercaseHasNoContext) {
  EXPECT_EQ(result_of(make_lowercase(), "\u0130\u03a3A\u03a3 \u1e9e \U00016ea0"),
            "i\u0307\u03c3a\u03c3 \u00df \U00016ebb");
}

TEST(Normalizer, StripReplacePrepend) {
  EXPECT_EQ(result_of(make_strip(true, false), " \u3000 a "), "a ");
  EXPECT_EQ(result_of(make_strip(true, true), " \t"), "");
  EXPECT_EQ(origins(make_strip(true, true), "  a "), (Origins{{2, 3}}));
  EXPECT_EQ(result_of(make_replace("aa", "b"), "aaaxa"), "baxa");
  EXPECT_EQ(origins(make_replace("aa", "bc"), "xaa"), (Origins{{0, 1}, {2, 3}, {2, 3}}));
  EXPECT_EQ(result_of(make_prepend(">>"), "a"), ">>a");
  EXPECT_EQ(result_of(make_prepend(">>"), ""), "");
  EXPECT_EQ(origins(make_prepend(">"), "ab"), (Origins{{0, 1}, {0, 1}, {1, 2}}));
  EXPECT_EQ(result_of(make_strip_accents(), "e\u0301\u00e9\u0903"), "e\u00e9");
}

TEST(Normalizer, BertCleansAndSeparates) {
  const auto bert = make_bert_normalizer({});
  using namespace std::string_literals;  // so that NUL does not end the text
  EXPECT_EQ(result_of(bert, "A\0b\tC\u00a0D\x7F\ufffd\u00ad"s), "ab c d");
  EXPECT_EQ(result_of(bert, "x\u65e5y"), "x \u65e5 y");
  EXPECT_EQ(result_of(bert, "Caf\u00c9 Stra\u00dfe \u0130"), "cafe stra\u00dfe i");
  EXPECT_EQ(origins(bert, "a\rB\u65e5"),
            (Origins{{0, 1}, {1, 2}, {2, 3}, {3, 6}, {3, 6}, {3, 6}, {3, 6}, {3, 6}}));
}

TEST(Normalizer, BertOptionsOff) {
  BertNormalizerOptions off{false, false, false, false};
  EXPECT_EQ(result_of(make_bert_normalizer(off), "A\tB\u65e5\u00c9\x7F"), "A\tB\u65e5\u00c9\x7F");
  off.strip_accents = true;
  EXPECT_EQ(result_of(make_bert_normalizer(off), "A\u00c9"), "AE");
}

TEST(Unicode, ClassesFollowTheReference) {
  const UnicodeTable& table = UnicodeTable::get();
  EXPECT_TRUE(table.is(0x2EBF0, kLetter));       // Unicode 15.1
  EXPECT_FALSE(table.is(0x0378, kLetter));       // unassigned
  EXPECT_FALSE(table.is(0x2E5D, kPunctuation));  // Unicode 14: later than the reference's categories
  EXPECT_TRUE(table.is('$', kPunctuation));      // ASCII symbols count
  EXPECT_FALSE(table.is(0x20AC, kPunctuation));  // other symbols do not
  EXPECT_TRUE(table.is(0x85, kSpace));
  EXPECT_FALSE(table.is(0x200B, kSpace));
  EXPECT_TRUE(table.is(0xE000, kControl));
  EXPECT_TRUE(table.is(0x10FFFD, kControl));
  for (const char32_t c : {0x3400, 0x4DBF, 0x4E00, 0x9FFC, 0xAC00, 0xD7A3, 0x20000, 0x2A6DF, 0x31350})
    EXPECT_EQ(table.flags(c) & (kLetter | kWordChar | kControl), kLetter | kWordChar) << uint32_t{c};
  for (const char32_t c : {0xD7A4, 0xD800, 0xDFFF, 0x34000, 0xDFFFF, 0xE0200, 0xEFFFF, 0xFFFFE, 0x10FFFF})
    EXPECT_EQ(table.flags(c), 0) << uint32_t{c};
  EXPECT_TRUE(table.is(0x200D, kWordChar));
  EXPECT_EQ(combining_class(0x301), 230);
  EXPECT_EQ(combining_class(0x1E4EC), 0);  // a mark of Unicode 15
}

}  // namespace
}  // namespace modernbert
