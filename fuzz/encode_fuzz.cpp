// Any text, alone and cut into windows, through the tokenizer of models/nano.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/check.h"
#include "core/utf8.h"
#include "modernbert/error.h"
#include "modernbert/tokenizer.h"

namespace {

using modernbert::Encoding;
using modernbert::TextSpan;
using modernbert::Tokenizer;

const Tokenizer& nano() {
  static const Tokenizer tokenizer = Tokenizer::load(MODERNBERT_SOURCE_DIR "/models/nano");
  return tokenizer;
}

void check_span(TextSpan span, size_t limit) {
  MB_CHECK(0 <= span.begin && span.begin <= span.end);
  MB_CHECK(static_cast<size_t>(span.end) <= limit);
}

void check_encoding(const Encoding& encoding, std::string_view text) {
  const size_t code_points = modernbert::count_code_points(text);
  const size_t count = encoding.ids.size();
  MB_CHECK(encoding.offsets.size() == count && encoding.byte_offsets.size() == count);
  MB_CHECK(encoding.special_tokens_mask.size() == count && encoding.type_ids.size() == count);
  for (size_t i = 0; i < count; ++i) {
    MB_CHECK(encoding.ids[i] >= 0 && encoding.ids[i] < nano().vocab_size());
    check_span(encoding.offsets[i], code_points);
    check_span(encoding.byte_offsets[i], text.size());
  }
}

// Windows of 16 tokens that share 4.
void check_windows(std::string_view text, size_t unlimited_tokens) {
  const Encoding first = nano().encode(text, {.max_length = 16, .overflow = true, .stride = 4});
  check_encoding(first, text);
  MB_CHECK(first.ids.size() <= 16);
  MB_CHECK(first.overflowing.empty() == (unlimited_tokens <= 16));
  for (const Encoding& window : first.overflowing) {
    MB_CHECK(window.ids.size() <= 16);
    check_encoding(window, text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string text = modernbert::replace_invalid_utf8(bytes);
  MB_CHECK(!modernbert::find_invalid_utf8(text));
  const Encoding encoding = nano().encode(text);
  check_encoding(encoding, text);
  check_windows(text, encoding.ids.size());
  // Byte-level BPE covers every character: nothing becomes unknown, and what comes back is valid.
  MB_CHECK(!modernbert::find_invalid_utf8(nano().decode(encoding.ids)));
  return 0;
}
