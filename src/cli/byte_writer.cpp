#include "cli/byte_writer.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/failure.h"
#include "core/fail.h"

namespace modernbert::cli {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;

}  // namespace

void ByteWriter::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) flush();
}

void ByteWriter::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t n = ::write(fd_, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) throw ClosedPipe();
    if (n < 0) fail(ErrorCode::kIo, "{}: {}", name_, std::strerror(errno));
    left.remove_prefix(static_cast<size_t>(n));
  }
  buffer_.clear();
}

bool ByteWriter::is_terminal() const {
  return ::isatty(fd_) == 1;
}

}  // namespace modernbert::cli
