#include "training/run/output_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/fail.h"

namespace modernbert {

OutputLock::OutputLock(const std::filesystem::path& folder) {
  const auto path = folder / ".lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(fd_);
  if (error == EWOULDBLOCK) fail(ErrorCode::kIo, "{}: another run writes into this folder", folder.string());
  fail(ErrorCode::kIo, "{}: cannot lock: {}", path.string(), std::strerror(error));
}

OutputLock::~OutputLock() {
  ::close(fd_);
}

}  // namespace modernbert
