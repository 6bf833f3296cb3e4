#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "ops/attention/rope.h"

namespace modernbert {

std::vector<float> rope_inverse_frequencies(int64_t dim, double theta) {
  MB_CHECK(dim > 0 && dim % 2 == 0);
  std::vector<float> frequencies(static_cast<size_t>(dim / 2));
  for (size_t j = 0; j < frequencies.size(); ++j) {
    const float exponent = static_cast<float>(2 * j) / static_cast<float>(dim);
    frequencies[j] = 1.0f / static_cast<float>(std::pow(theta, static_cast<double>(exponent)));
  }
  return frequencies;
}

RopeTable make_rope_table(int64_t dim, double theta, int64_t positions, int64_t width) {
  std::vector<float> frequencies = rope_inverse_frequencies(dim, theta);
  frequencies.resize(static_cast<size_t>(std::max(dim, width) / 2), 0.0f);
  RopeTable table;
  table.half_dim = static_cast<int64_t>(frequencies.size());
  table.cos.reserve(static_cast<size_t>(positions) * frequencies.size());
  table.sin.reserve(static_cast<size_t>(positions) * frequencies.size());
  for (int64_t position = 0; position < positions; ++position) {
    for (const float frequency : frequencies) {
      const auto angle = static_cast<double>(static_cast<float>(position) * frequency);
      table.cos.push_back(static_cast<float>(std::cos(angle)));
      table.sin.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return table;
}

namespace ref {

void rope_rotate(std::span<const float> x, std::span<const float> cos, std::span<const float> sin,
                 float scale, std::span<float> y) {
  const size_t half = cos.size();
  for (size_t j = 0; j < half; ++j) {
    const double a = x[j], b = x[j + half];
    y[j] = static_cast<float>((a * cos[j] - b * sin[j]) * scale);
    y[j + half] = static_cast<float>((b * cos[j] + a * sin[j]) * scale);
  }
}

}  // namespace ref
}  // namespace modernbert
