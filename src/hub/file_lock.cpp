#include "hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/fail.h"
#include "hub/folders.h"

namespace modernbert::hub {

FileLock::FileLock(const std::filesystem::path& path) {
  create_folders(path.parent_path());
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
  int result = 0;
  do {
    result = ::flock(fd_, LOCK_EX);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    const int error = errno;
    ::close(fd_);
    fail(ErrorCode::kIo, "{}: cannot lock: {}", path.string(), std::strerror(error));
  }
}

FileLock::~FileLock() {
  ::close(fd_);
}

}  // namespace modernbert::hub
