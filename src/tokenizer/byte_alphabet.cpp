#include "tokenizer/byte_alphabet.h"

#include <array>

#include "core/utf8.h"

namespace modernbert {
namespace {

constexpr char32_t kFirstExtra = 0x100;

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Tables {
  std::array<char32_t, 256> char_of{};
  std::array<int, 0x144> byte_of{};  // -1 = none
};

constexpr Tables make_tables() {
  Tables tables;
  tables.byte_of.fill(-1);
  char32_t extra = kFirstExtra;
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t c = stands_for_itself(byte) ? static_cast<char32_t>(byte) : extra++;
    tables.char_of[byte] = c;
    tables.byte_of[c] = byte;
  }
  return tables;
}
constexpr Tables kTables = make_tables();

}  // namespace

char32_t byte_to_char(unsigned char byte) {
  return kTables.char_of[byte];
}

std::optional<unsigned char> char_to_byte(char32_t c) {
  if (c >= kTables.byte_of.size() || kTables.byte_of[c] < 0) return std::nullopt;
  return static_cast<unsigned char>(kTables.byte_of[c]);
}

std::string bytes_to_text(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) append_utf8(text, byte_to_char(static_cast<unsigned char>(byte)));
  return text;
}

std::optional<std::string> text_to_bytes(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size();) {
    const auto byte = char_to_byte(next_code_point(text, i));
    if (!byte) return std::nullopt;
    bytes.push_back(static_cast<char>(*byte));
  }
  return bytes;
}

}  // namespace modernbert
