// NumPy's .npy format, version 1.0: two-dimensional, C order, little-endian.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "modernbert/embed.h"

namespace modernbert::cli {

// The header of an array of shape [rows, columns]; always of the same length, so that the number of rows can
// be put in once it is known.   descr: NumPy's name of the element type, "<f4", "|i1" or "|u1".
std::string npy_header(std::string_view descr, uint64_t rows, int32_t columns);

// A float32 array of two dimensions. Error (kInvalidFile) for anything else.
Embeddings read_npy(const std::filesystem::path& path);

}  // namespace modernbert::cli
