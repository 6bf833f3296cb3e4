// A tokenizer.json of any bytes: one that is accepted encodes a text within bounds, or refuses with an Error.
#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "modernbert/error.h"
#include "modernbert/tokenizer.h"

namespace {

constexpr std::string_view kText = "Hello [MASK], don't  stop: na\u00EFve \u4F60\u597D x=42\n";

void check_encoding(const modernbert::Tokenizer& tokenizer) {
  const modernbert::Encoding encoding = tokenizer.encode(kText, {.max_length = 64});
  MB_CHECK(encoding.offsets.size() == encoding.ids.size());
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const modernbert::TextSpan span = encoding.byte_offsets[i];
    MB_CHECK(encoding.ids[i] >= 0 && encoding.ids[i] < tokenizer.vocab_size());
    MB_CHECK(0 <= span.begin && span.begin <= span.end);
    MB_CHECK(static_cast<size_t>(span.end) <= kText.size());
  }
  (void)tokenizer.decode(encoding.ids);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    check_encoding(modernbert::Tokenizer::from_json({reinterpret_cast<const char*>(data), size}, "fuzz"));
  } catch (const modernbert::Error& error) {
    MB_CHECK(error.code() != modernbert::ErrorCode::kInternal);
  }
  return 0;
}
