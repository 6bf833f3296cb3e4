// A file that is still being downloaded: bytes are appended, and a later run continues where this one
// stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace modernbert::hub {

class PartialFile {
 public:
  // Opens or creates it with its present content. Errors (everywhere): kIo.
  explicit PartialFile(std::filesystem::path path);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }
  void append(std::string_view data);
  void clear();   // back to zero bytes
  void remove();  // the file is gone; nothing else may follow
  // Makes the content durable and gives it its final name; nothing else may follow.
  void publish(const std::filesystem::path& target);

 private:
  [[noreturn]] void fail_io() const;
  std::filesystem::path path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

}  // namespace modernbert::hub
