#include "tasks/scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace modernbert {

void softmax(std::span<const float> logits, std::span<float> scores) {
  if (logits.empty()) return;
  const float max = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    scores[i] = std::exp(logits[i] - max);
    sum += scores[i];
  }
  for (float& score : scores) score = static_cast<float>(score / sum);
}

float sigmoid(float x) {
  return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x))));
}

size_t argmax(std::span<const float> values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::vector<int32_t> top_indices(std::span<const float> values, size_t count) {
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  count = std::min(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
      [&](int32_t a, int32_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.resize(count);
  return order;
}

void l2_normalize(std::span<float> row) {
  double sum = 0;
  for (const float value : row) sum += static_cast<double>(value) * value;
  const double norm = std::max(std::sqrt(sum), 1e-12);
  for (float& value : row) value = static_cast<float>(value / norm);
}

}  // namespace modernbert
