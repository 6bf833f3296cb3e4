// Properties of code points, as the reference implementation (Hugging Face tokenizers) sees them.
//
// The data come from utf8proc. The reference mixes tables of several Unicode versions, so where a property
// differs from utf8proc's, unicode_exceptions.h lists the code points.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace modernbert {

enum CharFlag : uint16_t {
  kLetter = 1 << 0,        // \p{L}
  kNumber = 1 << 1,        // \p{N}
  kSpace = 1 << 2,         // White_Space
  kPunctuation = 1 << 3,   // BERT's: ASCII punctuation and symbols, and \p{P}
  kWordChar = 1 << 4,      // \w: letters, marks, decimal digits, connectors, joiners
  kControl = 1 << 5,       // what clean_text drops: NUL, U+FFFD, Cc, Cf, Co without \t \n \r
  kNonspacing = 1 << 6,    // Mn, dropped by BertNormalizer's strip_accents
  kMark = 1 << 7,          // M, dropped by StripAccents
  kNumeric = 1 << 8,       // Digits pre-tokenizer
  kNfcUnsafe = 1 << 9,     // text without such characters is its own NFC
  kDecomposes = 1 << 10,   // has a canonical or compatibility decomposition, or is not a starter
  kHasLowercase = 1 << 11  // differs from its lower-case form
};

// Immutable, shared by all threads.
class UnicodeTable {
 public:
  static const UnicodeTable& get();

  uint16_t flags(char32_t c) const { return blocks_[size_t{block_of_[c >> 8]} * 256 + (c & 255)]; }
  bool is(char32_t c, uint16_t any_of) const { return (flags(c) & any_of) != 0; }

 private:
  UnicodeTable();
  void add_block(uint32_t block);

  std::array<uint16_t, 0x1100> block_of_{};
  std::vector<uint16_t> blocks_;  // 256 flags each; equal blocks are stored once
};

// Up to two code points: U+0130 is the only one with two.
struct LowerCase {
  char32_t first;
  char32_t second;  // 0 = none
};
LowerCase lower_case(char32_t c);

int combining_class(char32_t c);

// Full decomposition of one code point; returns the number of code points written, at least 1.
constexpr int kMaxDecomposition = 18;
int decompose(char32_t c, bool compatibility, std::array<char32_t, kMaxDecomposition>& out);

// The primary composite of two code points, or 0.
char32_t compose(char32_t first, char32_t second);

}  // namespace modernbert
