// Buffered bytes to a file descriptor, where every failure is noticed: a full disk, a closed pipe.
#pragma once

#include <string>
#include <string_view>

namespace modernbert::cli {

// Not thread-safe. Does not own the descriptor; what is not flushed when it is destroyed is lost.
class ByteWriter {
 public:
  // name: what error messages call the descriptor.
  ByteWriter(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;

  // Both throw Error{kIo}, or ClosedPipe where the reader has gone.
  void write(std::string_view bytes);
  void flush();

  const std::string& name() const { return name_; }
  bool is_terminal() const;

 private:
  int fd_;
  std::string name_;
  std::string buffer_;
};

}  // namespace modernbert::cli
