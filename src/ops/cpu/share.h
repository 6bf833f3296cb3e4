// How the threads of a team divide a piece of work that each of them has been given.
#pragma once

#include <cstdint>

namespace modernbert {

struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

// What one thread does of the work. A share of 1 is everything: the same code serves a thread that has a
// tile for itself and a team that splits one.
struct Share {
  int index = 0;
  int count = 1;

  // This share of [0, total): neighbouring items, sizes differ by one at most.
  Range of(int64_t total) const { return {total * index / count, total * (index + 1) / count}; }
  // Returns when every thread of the team is here. All threads of the parallel region must call it.
  void wait() const;
};

}  // namespace modernbert
