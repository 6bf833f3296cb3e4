// Writing that survives a crash: everything is on the disk before it gets its name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace modernbert {

// A new file, written from front to end. Errors (kIo) name it. Not thread-safe.
class DurableFile {
 public:
  explicit DurableFile(std::filesystem::path path);
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // Waits until all is on the disk, then closes. Nothing may follow.
  void finish();

  uint64_t bytes() const { return bytes_; }
  uint32_t crc() const { return crc_; }  // crc32c of all that was written
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  uint64_t bytes_ = 0;
  uint32_t crc_ = 0;
};

// Puts a folder's list of names on the disk: new files, renames and removals in it.
void sync_folder(const std::filesystem::path& folder);

// rename() that is on the disk when it returns. A folder replaces only an empty one.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace modernbert
