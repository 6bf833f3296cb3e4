#include "ops/rowwise/norm_training.h"

#include <cmath>

namespace modernbert::ref {

void normalize_backward(MatView<const float> x, const RowNorm& norm, MatView<const float> dy,
                        MatView<float> dx, std::span<double> dweight, std::span<double> dbias) {
  const auto weight = [&](size_t i) { return norm.weight.empty() ? 1.0 : double{norm.weight[i]}; };
  const auto count = static_cast<double>(x.cols);
  for (int64_t r = 0; r < x.rows; ++r) {
    double mean = 0, variance = 0;
    if (norm.centers) {
      for (const float value : x.row(r)) mean += value / count;
    }
    for (const float value : x.row(r)) variance += (value - mean) * (value - mean) / count;
    const double rstd = 1 / std::sqrt(variance + norm.eps);
    double gradient_mean = 0, product_mean = 0;
    for (int64_t i = 0; i < x.cols; ++i) {
      const double g = static_cast<double>(dy.row_data(r)[i]) * weight(static_cast<size_t>(i));
      if (norm.centers) gradient_mean += g / count;
      product_mean += g * (x.row_data(r)[i] - mean) * rstd / count;
    }
    for (int64_t i = 0; i < x.cols; ++i) {
      const auto c = static_cast<size_t>(i);
      const double n = (x.row_data(r)[i] - mean) * rstd, gradient = dy.row_data(r)[i];
      dx.row_data(r)[i] =
          static_cast<float>(rstd * (gradient * weight(c) - gradient_mean - n * product_mean));
      dweight[c] += gradient * n;
      dbias[c] += gradient;
    }
  }
}

}  // namespace modernbert::ref
