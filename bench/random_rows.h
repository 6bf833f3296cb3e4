// Inputs of the benchmarks: seeded values like those inside a model, neither all equal nor denormal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "tensor/matrix.h"

namespace modernbert {

inline std::vector<float> random_values(size_t count) {
  std::minstd_rand generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(generator);
  return values;
}

inline Matrix random_matrix(int64_t rows, int64_t cols) {
  Matrix matrix(rows, cols);
  const std::vector<float> values = random_values(static_cast<size_t>(rows * cols));
  std::copy(values.begin(), values.end(), matrix.view().data);
  return matrix;
}

}  // namespace modernbert
