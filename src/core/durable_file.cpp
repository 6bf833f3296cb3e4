#include "core/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/crc32c.h"
#include "core/fail.h"

namespace modernbert {
namespace {

[[noreturn]] void fail_with_errno(const std::filesystem::path& path) {
  fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
}

}  // namespace

DurableFile::DurableFile(std::filesystem::path path) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_with_errno(path_);
}

DurableFile::~DurableFile() {
  if (fd_ >= 0) ::close(fd_);
}

void DurableFile::write(std::span<const std::byte> bytes) {
  crc_ = crc32c(bytes, crc_);
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno(path_);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void DurableFile::finish() {
  if (::fsync(fd_) != 0) fail_with_errno(path_);
  const int closed = ::close(fd_);
  fd_ = -1;
  if (closed != 0) fail_with_errno(path_);
}

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail_with_errno(folder);
  const int synced = ::fsync(fd);
  ::close(fd);
  if (synced != 0) fail_with_errno(folder);
}

void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_with_errno(to);
  sync_folder(to.has_parent_path() ? to.parent_path() : std::filesystem::path("."));
}

}  // namespace modernbert
