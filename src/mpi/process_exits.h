// Notices the end of processes on this machine at once, however they end.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace modernbert {

// Number of the namespace that this process's id belongs to: ids of other namespaces mean nothing here. 0:
// unknown.
uint64_t process_namespace();

class ProcessExits {
 public:
  ProcessExits() = default;
  ~ProcessExits();
  ProcessExits(const ProcessExits&) = delete;
  ProcessExits& operator=(const ProcessExits&) = delete;

  // rank: what find() calls it. Systems that do not offer this leave it unwatched.
  void watch(int rank, pid_t process);
  // The rank of a process that has ended.
  std::optional<int> find();

 private:
  std::vector<pollfd> files_;
  std::vector<int> ranks_;
};

}  // namespace modernbert
