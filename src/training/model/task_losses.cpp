#include "training/model/task_losses.h"

#include <algorithm>
#include <cmath>

namespace modernbert {
namespace {

// Sum of loss(logit, target, derivative) / elements.
template <class ElementLoss>
double mean_loss(MatView<const float> logits, std::span<const float> targets, double scale,
                 MatView<float> gradient, ElementLoss loss) {
  const double weight = 1 / static_cast<double>(targets.size());
  double sum = 0;
  for (int64_t r = 0; r < logits.rows; ++r) {
    for (int64_t c = 0; c < logits.cols; ++c) {
      double derivative = 0;
      sum +=
          weight * loss(logits.row_data(r)[c], targets[static_cast<size_t>(r * logits.cols + c)], derivative);
      gradient.row_data(r)[c] = static_cast<float>(scale * weight * derivative);
    }
  }
  return sum;
}

}  // namespace

double softmax_loss(const SoftmaxGroup& group, int32_t label, double weight, double scale) {
  double maximum = group.logits[0], sum = 0;
  for (int64_t i = 0; i < group.count; ++i)
    maximum = std::max<double>(maximum, group.logits[i * group.logits_step]);
  for (int64_t i = 0; i < group.count; ++i) sum += std::exp(group.logits[i * group.logits_step] - maximum);
  const double log_sum = maximum + std::log(sum);
  for (int64_t i = 0; i < group.count; ++i) {
    const double p = std::exp(group.logits[i * group.logits_step] - log_sum);
    group.gradient[i * group.gradient_step] = static_cast<float>(scale * weight * (p - (i == label ? 1 : 0)));
  }
  return weight * (log_sum - group.logits[label * group.logits_step]);
}

double squared_error_loss(MatView<const float> logits, std::span<const float> targets, double scale,
                          MatView<float> gradient) {
  return mean_loss(logits, targets, scale, gradient, [](double x, double target, double& derivative) {
    derivative = 2 * (x - target);
    return (x - target) * (x - target);
  });
}

double binary_loss(MatView<const float> logits, std::span<const float> targets, double scale,
                   MatView<float> gradient) {
  return mean_loss(logits, targets, scale, gradient, [](double x, double target, double& derivative) {
    derivative = 1 / (1 + std::exp(-x)) - target;
    // The form that cannot overflow.
    return std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x)));
  });
}

}  // namespace modernbert
