// SHA-256 of files and texts: how a data set knows the files that it was made from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace modernbert {

// Lower-case hex.
std::string sha256_of_file(const std::filesystem::path& path);
// The digest's first eight bytes, as one number.
uint64_t sha256_prefix(std::string_view text);

}  // namespace modernbert
