#include "tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <map>
#include <span>

#include "tokenizer/unicode_exceptions.h"

namespace modernbert {
namespace {

using unicode_exceptions::Range;

constexpr uint32_t kCodePoints = 0x110000;
constexpr char32_t kDottedCapitalI = 0x130;
constexpr char32_t kBeforeTrailingJamo = 0x11A7;

bool contains(std::span<const Range> ranges, uint32_t c) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), c,
                                      [](uint32_t v, const Range& r) { return v < r.first; });
  return after != ranges.begin() && c <= std::prev(after)->last;
}

// Blocks of 256 code points that are like the first of their run: ideographs, Hangul, surrogates, private
// use, and where nothing is assigned. They are most of all blocks.
constexpr Range kAlikeBlocks[] = {{0x34, 0x4C},   {0x4E, 0x9E},    {0xAC, 0xD6},   {0xD8, 0xDF},
                                  {0xE0, 0xF8},   {0x200, 0x2A5},  {0x330, 0xDFF}, {0xE02, 0xEFF},
                                  {0xF00, 0xFFE}, {0x1000, 0x10FE}};

uint32_t first_alike(uint32_t block) {
  for (const Range& run : kAlikeBlocks) {
    if (block >= run.first && block <= run.last) return run.first;
  }
  return block;
}

bool is_white_space(uint32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_ascii_punctuation(uint32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool is_letter(int category) {
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool is_mark(int category) {
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}
bool is_number(int category) {
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}
bool is_punctuation(int category) {
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}
bool is_control(uint32_t c, int category) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return c == 0xFFFD || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_CO;
}

// `in_utf8proc` corrected by the two lists.
bool corrected(bool in_utf8proc, uint32_t c, std::span<const Range> added, std::span<const Range> missing) {
  return in_utf8proc ? !contains(missing, c) : contains(added, c);
}

uint16_t category_flags(uint32_t c) {
  using namespace unicode_exceptions;
  const int category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  const bool letter = corrected(is_letter(category), c, kLetterAdded, {});
  const bool number = corrected(is_number(category), c, kNumberAdded, {});
  const bool word = letter || is_mark(category) || category == UTF8PROC_CATEGORY_ND ||
                    category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_PC;
  int flags = 0;
  if (letter) flags |= kLetter;
  if (number) flags |= kNumber;
  if (is_white_space(c)) flags |= kSpace;
  if (word || contains(kWordAdded, c)) flags |= kWordChar;
  if (number || contains(kNumericAdded, c)) flags |= kNumeric;
  if (is_ascii_punctuation(c) ||
      corrected(is_punctuation(category), c, kPunctuationAdded, kPunctuationMissing)) {
    flags |= kPunctuation;
  }
  if (corrected(is_control(c, category), c, {}, kControlMissing)) flags |= kControl;
  if (corrected(category == UTF8PROC_CATEGORY_MN, c, kNonspacingAdded, kNonspacingMissing))
    flags |= kNonspacing;
  if (corrected(is_mark(category), c, kMarkAdded, kMarkMissing)) flags |= kMark;
  const LowerCase lower = lower_case(c);
  if (lower.first != c || lower.second != 0) flags |= kHasLowercase;
  return static_cast<uint16_t>(flags);
}

bool is_vowel_or_trailing_jamo(uint32_t c) {
  return (c >= 0x1161 && c <= 0x1175) || (c >= 0x11A8 && c <= 0x11C2);
}

// Flags of a code point by itself; second members of compositions are marked later (mark_second_members).
uint16_t normalization_flags(uint32_t c) {
  if (combining_class(c) != 0) return kDecomposes | kNfcUnsafe;
  std::array<char32_t, kMaxDecomposition> parts;
  const int count = decompose(c, /*compatibility=*/true, parts);
  if (count == 1 && parts[0] == c) return is_vowel_or_trailing_jamo(c) ? kNfcUnsafe : 0;
  const int canonical = decompose(c, /*compatibility=*/false, parts);
  char32_t composed = parts[0];
  for (int i = 1; i < canonical && composed != 0; ++i) composed = compose(composed, parts[i]);
  return composed == c ? kDecomposes : kDecomposes | kNfcUnsafe;
}

// Last members of canonical decompositions: they may compose with what stands before them.
std::vector<char32_t> second_members() {
  std::vector<char32_t> members;
  std::array<char32_t, kMaxDecomposition> parts;
  for (uint32_t c = 0xC0; c < 0x30000; ++c) {
    if (c >= 0xAC00 && c < 0xE000) continue;  // Hangul is done by rule; surrogates are no characters
    if (first_alike(c >> 8) != c >> 8) continue;
    const int count = decompose(c, /*compatibility=*/false, parts);
    if (count > 1) members.push_back(parts[count - 1]);
  }
  return members;
}

}  // namespace

UnicodeTable::UnicodeTable() {
  std::map<std::vector<uint16_t>, uint16_t> known;
  for (uint32_t block = 0; block < kCodePoints / 256; ++block) {
    if (const uint32_t first = first_alike(block); first != block) {
      block_of_[block] = block_of_[first];
      continue;
    }
    std::vector<uint16_t> flags(256);
    for (uint32_t i = 0; i < 256; ++i) {
      const uint32_t c = block * 256 + i;
      const bool surrogate = c >= 0xD800 && c < 0xE000;
      if (!surrogate) flags[i] = category_flags(c) | normalization_flags(c);
    }
    const auto [place, is_new] = known.emplace(flags, static_cast<uint16_t>(known.size()));
    if (is_new) blocks_.insert(blocks_.end(), flags.begin(), flags.end());
    block_of_[block] = place->second;
  }
  for (const char32_t c : second_members()) {
    add_block(c >> 8);
    blocks_[size_t{block_of_[c >> 8]} * 256 + (c & 255)] |= kNfcUnsafe;
  }
}

// Gives a block its own copy of the flags unless no other block shares them.
void UnicodeTable::add_block(uint32_t block) {
  const uint16_t old = block_of_[block];
  if (std::count(block_of_.begin(), block_of_.end(), old) == 1) return;
  const std::vector<uint16_t> copy(blocks_.begin() + size_t{old} * 256,
                                   blocks_.begin() + size_t{old} * 256 + 256);
  block_of_[block] = static_cast<uint16_t>(blocks_.size() / 256);
  blocks_.insert(blocks_.end(), copy.begin(), copy.end());
}

const UnicodeTable& UnicodeTable::get() {
  static const UnicodeTable table;
  return table;
}

LowerCase lower_case(char32_t c) {
  if (c == kDottedCapitalI) return {'i', 0x307};
  for (const auto& range : unicode_exceptions::kLowerAdded) {
    if (c >= range.first && c <= range.last) return {c + static_cast<uint32_t>(range.delta), 0};
  }
  return {static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), 0};
}

int combining_class(char32_t c) {
  if (contains(unicode_exceptions::kMarkMissing, c)) return 0;
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

int decompose(char32_t c, bool compatibility, std::array<char32_t, kMaxDecomposition>& out) {
  if (c < 0x80 || contains(unicode_exceptions::kNotDecomposed, c)) {
    out[0] = c;
    return 1;
  }
  const int options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0);
  std::array<utf8proc_int32_t, kMaxDecomposition> buffer;
  int boundary_class = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), buffer.data(), kMaxDecomposition,
                              static_cast<utf8proc_option_t>(options), &boundary_class);
  if (count < 1 || count > kMaxDecomposition) {
    out[0] = c;
    return 1;
  }
  std::copy_n(buffer.begin(), count, out.begin());
  return static_cast<int>(count);
}

char32_t compose(char32_t first, char32_t second) {
  if (second == kBeforeTrailingJamo) return 0;  // utf8proc takes it for one
  std::array<utf8proc_int32_t, 3> pair = {static_cast<utf8proc_int32_t>(first),
                                          static_cast<utf8proc_int32_t>(second), 0};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto count = utf8proc_normalize_utf32(pair.data(), 2, options);
  const auto composed = static_cast<char32_t>(pair[0]);
  return count == 1 && !contains(unicode_exceptions::kNotDecomposed, composed) ? composed : 0;
}

}  // namespace modernbert
