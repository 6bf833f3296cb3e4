// Files: bounded reading, read-only memory maps, all-or-nothing writing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace modernbert {

// The whole file. A file above max_bytes is an error (kInvalidFile): nothing we read this way is that large.
std::string read_file(const std::filesystem::path& path, size_t max_bytes = size_t{256} << 20);

// A read-only mapping of a file; shared between copies. An empty file maps to an empty span.
class MappedFile {
 public:
  static MappedFile open(const std::filesystem::path& path);
  std::span<const std::byte> bytes() const { return bytes_; }
  const std::filesystem::path& path() const { return path_; }
  // Takes the whole pages of a part of bytes() out of this process's memory; they come back from the file
  // when they are read again. A part that lies elsewhere is left alone.
  void release(std::span<const std::byte> part) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const void> mapping_;
  std::span<const std::byte> bytes_;
};

// Writes `content` beside `path` under a temporary name, then renames it: the file is there whole or not at
// all.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace modernbert
