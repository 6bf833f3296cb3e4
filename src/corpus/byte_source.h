// The bytes of a file, decompressed where its name ends in .gz or .zst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace modernbert {

// Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills `buffer` from its start; returns the bytes read, 0 at the end.
  // Errors: kIo; kInvalidFile for compressed data that is damaged or ends early, with the file's name.
  virtual size_t read(std::span<char> buffer) = 0;
  // Bytes of the file itself (compressed) that have been read: what progress is measured by.
  virtual uint64_t file_bytes_read() const = 0;
};

std::unique_ptr<ByteSource> open_byte_source(const std::filesystem::path& path);

// "books.jsonl.gz" -> "books.jsonl"
std::filesystem::path without_compression_suffix(const std::filesystem::path& path);

}  // namespace modernbert
