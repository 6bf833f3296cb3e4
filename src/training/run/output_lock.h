// One run at a time in an output folder.
#pragma once

#include <filesystem>

namespace modernbert {

// A lock that the system drops when the process dies, however it dies.
class OutputLock {
 public:
  // Error (kIo) if another process holds it.
  explicit OutputLock(const std::filesystem::path& folder);
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace modernbert
