#include "core/default_threads.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "core/control_group.h"

namespace modernbert {
namespace {

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

int default_threads(int processes_on_host) {
  const int threads = threads_without_limit(processes_on_host), limit = number_in("OMP_THREAD_LIMIT");
  return limit > 0 ? std::min(limit, threads) : threads;
}

int choose_threads(int wanted, int processes_on_host) {
  return wanted > 0 ? wanted : default_threads(processes_on_host);
}

}  // namespace modernbert
