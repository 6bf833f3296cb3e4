#include "training/run/machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "core/control_group.h"

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

}  // namespace

double available_memory_bytes() {
  const double system = system_available(), allowance = memory_allowance();
  if (std::isinf(allowance)) return system;
  return system == 0 ? allowance : std::min(system, allowance);
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
