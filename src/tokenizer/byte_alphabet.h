// GPT-2's alphabet: each byte as one printable character, so that vocabularies of bytes can be written as
// text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace modernbert {

// Printable Latin-1 characters stand for themselves, the other bytes for U+0100 and up, in order.
char32_t byte_to_char(unsigned char byte);
std::optional<unsigned char> char_to_byte(char32_t c);

std::string bytes_to_text(std::string_view bytes);
// nullopt if some character stands for no byte.
std::optional<std::string> text_to_bytes(std::string_view text);

}  // namespace modernbert
