// An exclusive lock between processes and threads (flock), held for the life of the object. The system drops
// it when a process dies, so nothing can stay locked.
#pragma once

#include <filesystem>

namespace modernbert::hub {

class FileLock {
 public:
  // Creates the file and its folder where needed, waits for the lock. Errors: kIo.
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

}  // namespace modernbert::hub
