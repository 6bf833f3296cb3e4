// How many threads oneDNN and our products take.
#pragma once

#include <omp.h>

#include <algorithm>

namespace modernbert {

// While it lives, products run on `threads` threads, or on as many as OpenMP may start (OMP_THREAD_LIMIT).
// Never on fewer than omp_get_max_threads() then says, as OMP_DYNAMIC would allow: oneDNN divides its work
// among that many threads, and what those that do not come should have done is left undone.
class ThreadScope {
 public:
  explicit ThreadScope(int threads)
      : saved_threads_(omp_get_max_threads()), saved_dynamic_(omp_get_dynamic()) {
    omp_set_dynamic(0);
    omp_set_num_threads(std::min(threads, omp_get_thread_limit()));
  }
  ~ThreadScope() {
    omp_set_num_threads(saved_threads_);
    omp_set_dynamic(saved_dynamic_);
  }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int saved_threads_;
  int saved_dynamic_;
};

}  // namespace modernbert
