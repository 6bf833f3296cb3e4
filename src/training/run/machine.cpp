#include "training/run/machine.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace modernbert {
namespace {

double system_available() {
  std::ifstream info("/proc/meminfo");
  for (std::string word; info >> word;) {
    double kibibytes = 0;
    if (word == "MemAvailable:" && info >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

// A number in a file of the control group; below 0: no limit or no file.
double group_number(const char* file) {
  std::ifstream stream(std::string("/sys/fs/cgroup/") + file);
  double value = 0;
  return stream >> value ? value : -1;
}

}  // namespace

double available_memory_bytes() {
  const double system = system_available(), limit = group_number("memory.max"),
               used = group_number("memory.current");
  if (limit < 0 || used < 0) return system;
  return system == 0 ? limit - used : std::min(system, limit - used);
}

double free_disk_bytes(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path existing = std::filesystem::absolute(path);
  while (!std::filesystem::exists(existing) && existing.has_relative_path())
    existing = existing.parent_path();
  const auto space = std::filesystem::space(existing, error);
  return error ? 0 : static_cast<double>(space.available);
}

}  // namespace modernbert
