#include "mpi/process_exits.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace modernbert {

uint64_t process_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

ProcessExits::~ProcessExits() {
  for (const pollfd& file : files_) ::close(file.fd);
}

void ProcessExits::watch(int rank, pid_t process) {
  const auto file = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (file < 0) return;
  files_.push_back({file, POLLIN, 0});
  ranks_.push_back(rank);
}

std::optional<int> ProcessExits::find() {
  if (files_.empty() || ::poll(files_.data(), files_.size(), 0) <= 0) return {};
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].revents != 0) return ranks_[i];
  }
  return {};
}

}  // namespace modernbert
