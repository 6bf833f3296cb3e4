// Dropout whose draws are a function of a key and of where an element stands in its document, so that they
// are the same however documents are packed and whichever thread computes them.
#pragma once

#include <cstdint>

#include "core/random.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

struct Dropout {
  double rate = 0;   // in [0,1)
  uint64_t key = 0;  // of the step, the layer and the place in it

  // Draws have 16 bits: the rate that is in effect is a multiple of 2^-16.
  uint32_t threshold() const { return static_cast<uint32_t>(rate * 65536 + 0.5); }
  float scale() const { return 65536.0f / static_cast<float>(65536 - threshold()); }
  Dropout with_key(uint64_t counter) const { return {rate, random_hash(key, counter)}; }
};

// factors[i] = 0 or 1 / (1 - rate) for columns first, first + 1, … of row `row`; first: a multiple of 4.
void draw_dropout(const Dropout& dropout, uint64_t row, int64_t first, int64_t count, float* factors);

// x[c] *= factor of (row, c).
template <class E>
void drop_row(const Dropout& dropout, uint64_t row, int64_t count, E* x);

}  // namespace modernbert
