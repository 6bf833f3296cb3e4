#include "core/control_group.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// What a group's folder grants, in both versions; the first one's hierarchies have the names of controllers.
struct Resource {
  std::string_view controller;
  double (*of_group_v1)(const fs::path&);
  double (*of_group_v2)(const fs::path&);
};

// The least of a group and those above it. A container sees its own group as the root, whatever its path.
double least_above(double (*of_group)(const fs::path&), const fs::path& root, fs::path group) {
  double least = of_group(root);
  for (; group.has_relative_path(); group = group.parent_path())
    least = std::min(least, of_group(root / group.relative_path()));
  return least;
}

bool lists(const std::string& controllers, std::string_view wanted) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == wanted) return true;
  }
  return false;
}

double least_granted(const Resource& resource, const fs::path& mount, const fs::path& membership) {
  double least = kNoLimit;
  std::ifstream lines(membership);
  for (std::string line; std::getline(lines, line);) {  // number:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) least = std::min(least, least_above(resource.of_group_v2, mount, group));
    if (lists(controllers, resource.controller))
      least = std::min(least, least_above(resource.of_group_v1, mount / resource.controller, group));
  }
  return least;
}

// Of time per period; not positive or no number ("max"): no limit.
double quota(std::istream& time, std::istream& period) {
  double used = 0, of = 0;
  return time >> used && period >> of && used > 0 && of > 0 ? used / of : kNoLimit;
}

double quota_v1(const fs::path& group) {
  std::ifstream time(group / "cpu.cfs_quota_us"), period(group / "cpu.cfs_period_us");
  return quota(time, period);
}

double quota_v2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  return quota(file, file);
}

// The sum of the named lines ("name bytes") of memory.stat.
double sum_of_lines(const fs::path& file, std::initializer_list<std::string_view> names) {
  std::ifstream lines(file);
  double sum = 0, bytes = 0;
  for (std::string name; lines >> name >> bytes;) {
    if (std::find(names.begin(), names.end(), name) != names.end()) sum += bytes;
  }
  return sum;
}

// No number in one of the files ("max", or no such file): no limit.
double unused(const fs::path& limit_file, const fs::path& usage_file, double reclaimable) {
  std::ifstream limit_of(limit_file), usage_of(usage_file);
  double limit = 0, usage = 0;
  if (!(limit_of >> limit) || !(usage_of >> usage)) return kNoLimit;
  return std::clamp(limit - usage + reclaimable, 0.0, limit);
}

double unused_memory_v1(const fs::path& group) {
  return unused(group / "memory.limit_in_bytes", group / "memory.usage_in_bytes",
                sum_of_lines(group / "memory.stat", {"total_inactive_file", "total_active_file"}));
}

double unused_memory_v2(const fs::path& group) {
  return unused(group / "memory.max", group / "memory.current",
                sum_of_lines(group / "memory.stat", {"inactive_file", "active_file"}));
}

}  // namespace

double processor_quota(const fs::path& mount, const fs::path& membership) {
  return least_granted({"cpu", quota_v1, quota_v2}, mount, membership);
}

double memory_allowance(const fs::path& mount, const fs::path& membership) {
  return least_granted({"memory", unused_memory_v1, unused_memory_v2}, mount, membership);
}

}  // namespace modernbert
