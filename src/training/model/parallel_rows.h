// Rows of a batch divided among the threads of a model.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/cpu/share.h"

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

// Products are prepared for each number of rows: few different ones.
inline int64_t padded_rows(int64_t rows) {
  constexpr int64_t kStep = 64;
  return std::max(kStep, (rows + kStep - 1) / kStep * kStep);
}

}  // namespace modernbert
