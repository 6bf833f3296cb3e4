#include "cli/npy.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "core/check.h"
#include "core/fail.h"
#include "core/file.h"

namespace modernbert::cli {
namespace {

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr size_t kPreamble = 10;      // magic, version, two bytes of header length
constexpr size_t kHeaderBytes = 128;  // of both; a multiple of 64, as the format wants
constexpr size_t kMaxFileBytes = size_t{4} << 30;

// "'shape': (3, 4)" of a header.
struct Shape {
  uint64_t rows = 0;
  uint64_t columns = 0;
};

std::optional<Shape> parse_shape(std::string_view header) {
  constexpr std::string_view kKey = "'shape': (";
  const size_t key = header.find(kKey);
  if (key == std::string_view::npos) return std::nullopt;
  const char* const end = header.data() + header.size();
  Shape shape;
  const auto rows = std::from_chars(header.data() + key + kKey.size(), end, shape.rows);
  if (rows.ec != std::errc() || end - rows.ptr < 2 || std::string_view(rows.ptr, 2) != ", ")
    return std::nullopt;
  const auto columns = std::from_chars(rows.ptr + 2, end, shape.columns);
  if (columns.ec != std::errc() || columns.ptr == end || *columns.ptr != ')') return std::nullopt;
  return shape;
}

bool is_float32_c_order(std::string_view header) {
  return header.find("'descr': '<f4'") != std::string_view::npos &&
         header.find("'fortran_order': False") != std::string_view::npos;
}

}  // namespace

std::string npy_header(std::string_view descr, uint64_t rows, int32_t columns) {
  std::string header(kMagic);
  const size_t length = kHeaderBytes - kPreamble;
  header += static_cast<char>(length & 0xFF);
  header += static_cast<char>(length >> 8);
  header +=
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", descr, rows, columns);
  MB_CHECK(header.size() < kHeaderBytes);
  header.resize(kHeaderBytes - 1, ' ');
  return header + '\n';
}

Embeddings read_npy(const std::filesystem::path& path) {
  const std::string content = read_file(path, kMaxFileBytes);
  if (content.size() < kPreamble || !content.starts_with(kMagic)) {
    fail(ErrorCode::kInvalidFile, "{}: not an .npy file of version 1.0", path.string());
  }
  const size_t length =
      static_cast<unsigned char>(content[8]) | size_t{static_cast<unsigned char>(content[9])} << 8;
  const std::string_view header = std::string_view(content).substr(kPreamble, length);
  const auto shape = parse_shape(header);
  if (!shape || !is_float32_c_order(header)) {
    fail(ErrorCode::kInvalidFile, "{}: want a float32 array of two dimensions in C order", path.string());
  }
  const size_t data = content.size() - kPreamble - header.size();
  constexpr uint64_t kMaxColumns = 1 << 20;
  if (shape->columns == 0 || shape->columns > kMaxColumns ||
      data / sizeof(float) / shape->columns != shape->rows || data % (sizeof(float) * shape->columns) != 0) {
    fail(ErrorCode::kInvalidFile, "{}: {} bytes of data, want [{}, {}] float32", path.string(), data,
         shape->rows, shape->columns);
  }
  Embeddings embeddings{static_cast<int32_t>(shape->columns), std::vector<float>(data / sizeof(float))};
  std::memcpy(embeddings.values.data(), content.data() + kPreamble + header.size(), data);
  return embeddings;
}

}  // namespace modernbert::cli
