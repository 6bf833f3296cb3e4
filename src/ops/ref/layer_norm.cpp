#include "ops/layer_norm.h"

#include <cmath>

namespace modernbert::ref {

void layer_norm(MatView<const float> x, std::span<const float> weight, std::span<const float> bias, float eps,
                MatView<float> y) {
  for (int64_t r = 0; r < x.rows; ++r) {
    double mean = 0, variance = 0;
    for (const float value : x.row(r)) mean += value;
    mean /= static_cast<double>(x.cols);
    for (const float value : x.row(r)) variance += (value - mean) * (value - mean);
    variance /= static_cast<double>(x.cols);
    const double scale = 1.0 / std::sqrt(variance + static_cast<double>(eps));
    for (int64_t i = 0; i < x.cols; ++i) {
      const auto k = static_cast<size_t>(i);
      y.row(r)[k] =
          static_cast<float>((x.row(r)[k] - mean) * scale * weight[k] + (bias.empty() ? 0.0 : bias[k]));
    }
  }
}

}  // namespace modernbert::ref
