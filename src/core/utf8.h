// UTF-8 validation and repair.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace modernbert {

// Byte index of the first byte that is not part of a well-formed sequence (no overlong forms, surrogates or
// values above U+10FFFF).
std::optional<size_t> find_invalid_utf8(std::string_view text);

// Every maximal ill-formed part becomes one U+FFFD, as Python's errors="replace".
std::string replace_invalid_utf8(std::string_view text);

// Number of code points of valid UTF-8.
size_t count_code_points(std::string_view text);

// One code point of valid UTF-8 at text[i]; advances i past it.
char32_t next_code_point(std::string_view text, size_t& i);

void append_utf8(std::string& out, char32_t code_point);

}  // namespace modernbert
