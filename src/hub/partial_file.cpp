#include "hub/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/fail.h"
#include "hub/folders.h"

namespace modernbert::hub {

PartialFile::PartialFile(std::filesystem::path path) : path_(std::move(path)) {
  create_folders(path_.parent_path());
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_io();
  const off_t end = ::lseek(fd_, 0, SEEK_END);
  if (end < 0) {
    const int error = errno;
    ::close(fd_);
    errno = error;
    fail_io();
  }
  size_ = static_cast<uint64_t>(end);
}

PartialFile::~PartialFile() {
  ::close(fd_);
}

void PartialFile::fail_io() const {
  fail(ErrorCode::kIo, "{}: {}", path_.string(), std::strerror(errno));
}

void PartialFile::append(std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd_, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_io();
    size_ += static_cast<uint64_t>(n);
    data.remove_prefix(static_cast<size_t>(n));
  }
}

void PartialFile::clear() {
  if (::ftruncate(fd_, 0) != 0) fail_io();
  size_ = 0;
}

void PartialFile::remove() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) fail_io();
}

void PartialFile::publish(const std::filesystem::path& target) {
  if (::fsync(fd_) != 0 || ::rename(path_.c_str(), target.c_str()) != 0) fail_io();
}

}  // namespace modernbert::hub
