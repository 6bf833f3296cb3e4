// Rows of a batch divided among the threads of a model.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "ops/share.h"

namespace modernbert {

// Calls body(Range of rows, index of the share) for every thread's share of [0, rows).
template <class Body>
void parallel_rows(int threads, int64_t rows, const Body& body) {
#pragma omp parallel for schedule(static, 1) num_threads(threads)
  for (int i = 0; i < threads; ++i) {
    const Range range = Share{i, threads}.of(rows);
    if (range.size() > 0) body(range, i);
  }
}

// Sets the number of threads that products use while it lives.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : saved_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadScope() { omp_set_num_threads(saved_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int saved_;
};

// Products are prepared for each number of rows: few different ones.
inline int64_t padded_rows(int64_t rows) {
  constexpr int64_t kStep = 64;
  return std::max(kStep, (rows + kStep - 1) / kStep * kStep);
}

}  // namespace modernbert
