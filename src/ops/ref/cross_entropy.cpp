#include "ops/rowwise/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace modernbert::ref {

CrossEntropySums cross_entropy(const CrossEntropyOptions& options, std::span<const int32_t> labels,
                               double scale, MatView<const float> logits, MatView<float> gradient) {
  CrossEntropySums sums;
  const auto classes = static_cast<double>(logits.cols);
  for (int64_t r = 0; r < logits.rows; ++r) {
    std::vector<double> row(logits.row(r).begin(), logits.row(r).end());
    for (double& z : row) z *= options.logit_scale;
    const auto label = static_cast<size_t>(labels[static_cast<size_t>(r)]);
    const double maximum = *std::ranges::max_element(row);
    double exponentials = 0, mean = 0;
    for (const double z : row) {
      exponentials += std::exp(z - maximum);
      mean += z / classes;
    }
    const double log_sum = maximum + std::log(exponentials), s = options.label_smoothing;
    sums.cross_entropy += (1 - s) * (log_sum - row[label]) + s * (log_sum - mean);
    sums.z_loss += options.z_loss * log_sum * log_sum;
    sums.correct += row[label] == maximum;
    for (size_t i = 0; i < row.size(); ++i) {
      const double p = std::exp(row[i] - log_sum);
      const double target = (i == label ? 1 - s : 0) + s / classes;
      gradient.row(r)[i] =
          static_cast<float>(scale * options.logit_scale * (p * (1 + 2 * options.z_loss * log_sum) - target));
    }
  }
  return sums;
}

}  // namespace modernbert::ref
