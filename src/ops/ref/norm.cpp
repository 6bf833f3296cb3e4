#include "ops/rowwise/norm.h"

#include <cmath>

namespace modernbert::ref {

void normalize(const RowNorm& norm, MatView<const float> x, MatView<float> y) {
  for (int64_t r = 0; r < x.rows; ++r) {
    double mean = 0, squares = 0;
    if (norm.centers) {
      for (const float value : x.row(r)) mean += value;
      mean /= static_cast<double>(x.cols);
    }
    for (const float value : x.row(r)) squares += (value - mean) * (value - mean);
    const double scale =
        1.0 / std::sqrt(squares / static_cast<double>(x.cols) + static_cast<double>(norm.eps));
    for (size_t i = 0; i < static_cast<size_t>(x.cols); ++i) {
      const double weight = norm.weight.empty() ? 1.0 : norm.weight[i];
      const double bias = norm.bias.empty() ? 0.0 : norm.bias[i];
      y.row(r)[i] = static_cast<float>((x.row(r)[i] - mean) * scale * weight + bias);
    }
  }
}

}  // namespace modernbert::ref
