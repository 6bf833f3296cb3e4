#pragma once

#include <random>

#include "tensor/matrix.h"

namespace modernbert::testing {

// Seeded values in [-spread, spread).
inline Matrix uniform_matrix(int64_t rows, int64_t cols, uint32_t seed, float spread = 1) {
  std::minstd_rand generator(seed);
  std::uniform_real_distribution<float> uniform(-spread, spread);
  Matrix matrix(rows, cols);
  for (int64_t r = 0; r < rows; ++r) {
    for (float& value : matrix.row(r)) value = uniform(generator);
  }
  return matrix;
}

}  // namespace modernbert::testing
