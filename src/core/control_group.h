// What the control groups of Linux (version 1 or 2) grant a process, as `docker run` and Kubernetes set them.
#pragma once

#include <filesystem>

namespace modernbert {

// Both: the least of the process's groups and those above them; infinite where there is no limit.
//   mount: of the control groups' file system.   membership: /proc/PID/cgroup.

// Processors whose time a process may use.
double processor_quota(const std::filesystem::path& mount = "/sys/fs/cgroup",
                       const std::filesystem::path& membership = "/proc/self/cgroup");

// Bytes of memory that a process may still take. What holds files counts as free: the system gives it back.
double memory_allowance(const std::filesystem::path& mount = "/sys/fs/cgroup",
                        const std::filesystem::path& membership = "/proc/self/cgroup");

}  // namespace modernbert
