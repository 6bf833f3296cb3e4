// A parallel loop whose errors arrive where they would without threads. For files compiled with OpenMP.
#pragma once

#include <cstddef>
#include <exception>
#include <mutex>

namespace modernbert {

// work(i) for i in [0,count) on `threads` threads; of several errors the one of the lowest index is thrown,
// so that a bad file gives the same message however many threads there are.
template <class Work>
void parallel_for(size_t count, int threads, const Work& work) {
  std::mutex mutex;
  size_t failed = count;
  std::exception_ptr error;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (size_t i = 0; i < count; ++i) {
    try {
      work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (i < failed) {
        failed = i;
        error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace modernbert
