#include "ops/rowwise/convert.h"

#include <algorithm>
#include <cmath>

namespace modernbert::ref {

float quantize(std::span<const float> x, std::span<uint8_t> y) {
  float largest = 0;
  for (const float value : x) {
    if (std::isnan(value)) return value;
    largest = std::max(largest, std::fabs(value));
  }
  const float inverse = largest > kMinMagnitude ? 127.0f / largest : 0.0f;
  for (size_t i = 0; i < x.size(); ++i) y[i] = static_cast<uint8_t>(128 + std::lrint(x[i] * inverse));
  return largest / 127.0f;
}

}  // namespace modernbert::ref
