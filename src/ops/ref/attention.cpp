#include "ops/attention/attention.h"

#include <cmath>
#include <cstdlib>
#include <vector>

namespace modernbert::ref {
namespace {

bool sees(const AttentionHead& head, int64_t query, int64_t key) {
  return key < head.visible && (head.window < 0 || std::abs(query - key) <= head.window);
}

double dot(const float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace

void attention(const AttentionHead& head, MatView<float> out) {
  const int64_t length = head.q.rows;
  std::vector<double> scores(static_cast<size_t>(length));
  std::vector<double> sums(static_cast<size_t>(out.cols));
  for (int64_t query = 0; query < length; ++query) {
    double maximum = -INFINITY;
    for (int64_t key = 0; key < length; ++key) {
      if (!sees(head, query, key)) continue;
      scores[static_cast<size_t>(key)] = dot(head.q.row_data(query), head.k.row_data(key), head.q.cols);
      maximum = std::fmax(maximum, scores[static_cast<size_t>(key)]);
    }
    double total = 0;
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t key = 0; key < length; ++key) {
      if (!sees(head, query, key)) continue;
      const double weight = std::exp2(scores[static_cast<size_t>(key)] - maximum);
      total += weight;
      for (int64_t i = 0; i < out.cols; ++i) sums[static_cast<size_t>(i)] += weight * head.v.row_data(key)[i];
    }
    for (int64_t i = 0; i < out.cols; ++i) {
      out.row_data(query)[i] = total == 0 ? 0.0f : static_cast<float>(sums[static_cast<size_t>(i)] / total);
    }
  }
}

}  // namespace modernbert::ref
