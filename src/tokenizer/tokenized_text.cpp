#include "tokenizer/tokenized_text.h"

#include <algorithm>

namespace modernbert {
namespace {

// Converts byte positions to code point counts; cheap while positions move little.
class CharCounter {
 public:
  explicit CharCounter(std::string_view text) : text_(text) {}

  int32_t count_before(int32_t byte) {
    for (; byte_ < byte; ++byte_) chars_ += starts_char(byte_);
    while (byte_ > byte) chars_ -= starts_char(--byte_);
    return chars_;
  }

 private:
  bool starts_char(int32_t byte) const {
    return (static_cast<unsigned char>(text_[static_cast<size_t>(byte)]) & 0xC0) != 0x80;
  }

  std::string_view text_;
  int32_t byte_ = 0;
  int32_t chars_ = 0;
};

bool is_ascii(std::string_view text) {
  unsigned char bits = 0;
  for (const char byte : text) bits |= static_cast<unsigned char>(byte);
  return bits < 0x80;
}

}  // namespace

void append_char_offsets(std::string_view source, TokenizedText& text) {
  const size_t first = text.offsets.size();
  if (is_ascii(source)) {
    text.offsets.insert(text.offsets.end(), text.byte_offsets.begin() + static_cast<ptrdiff_t>(first),
                        text.byte_offsets.end());
    return;
  }
  CharCounter counter(source);
  text.offsets.reserve(text.byte_offsets.size());
  for (size_t i = first; i < text.byte_offsets.size(); ++i) {
    const auto& [begin, end] = text.byte_offsets[i];
    const int32_t first_char = counter.count_before(begin);
    text.offsets.push_back({first_char, counter.count_before(end)});
  }
}

}  // namespace modernbert
