#include "core/default_threads.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// Of time per period; not positive or no number ("max"): no limit.
double quota(std::istream& time, std::istream& period) {
  double used = 0, of = 0;
  return time >> used && period >> of && used > 0 && of > 0 ? used / of : kNoLimit;
}

double quota_v2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  return quota(file, file);
}

double quota_v1(const fs::path& group) {
  std::ifstream time(group / "cpu.cfs_quota_us"), period(group / "cpu.cfs_period_us");
  return quota(time, period);
}

// The least of a group and those above it. A container sees its own group as the root, whatever its path.
double least_quota(double (*quota_of)(const fs::path&), const fs::path& root, fs::path group) {
  double least = quota_of(root);
  for (; group.has_relative_path(); group = group.parent_path())
    least = std::min(least, quota_of(root / group.relative_path()));
  return least;
}

bool lists_cpu(const std::string& controllers) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

// The first number of a list; 0 where the variable holds none.
int number_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? 0 : std::max(0, std::atoi(value));
}

int all_processors() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

int allowed_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : all_processors();
}

int threads_without_limit(int processes_on_host) {
  if (const int threads = number_in("OMP_NUM_THREADS"); threads > 0) return threads;
  // Read once, not for every batch of texts.
  static const double quota = std::ceil(processor_quota());
  const int allowed = allowed_processors();
  const int paid = static_cast<int>(std::min<double>(allowed, quota));
  return std::max(1, allowed < all_processors() ? paid : paid / processes_on_host);
}

}  // namespace

double processor_quota(const fs::path& mount, const fs::path& membership) {
  double least = kNoLimit;
  std::ifstream lines(membership);
  for (std::string line; std::getline(lines, line);) {  // number:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) least = std::min(least, least_quota(quota_v2, mount, group));
    if (lists_cpu(controllers)) least = std::min(least, least_quota(quota_v1, mount / "cpu", group));
  }
  return least;
}

int default_threads(int processes_on_host) {
  const int threads = threads_without_limit(processes_on_host), limit = number_in("OMP_THREAD_LIMIT");
  return limit > 0 ? std::min(limit, threads) : threads;
}

int choose_threads(int wanted, int processes_on_host) {
  return wanted > 0 ? wanted : default_threads(processes_on_host);
}

}  // namespace modernbert
