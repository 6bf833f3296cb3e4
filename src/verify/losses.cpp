#include "verify/losses.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/fail.h"

namespace modernbert {
namespace {

constexpr int32_t kIgnoredLabel = -100;

double log_sum_exp(std::span<const float> row) {
  const double largest = *std::ranges::max_element(row);
  double sum = 0;
  for (const float x : row) sum += std::exp(x - largest);
  return largest + std::log(sum);
}

}  // namespace

double cross_entropy(MatView<const float> logits, std::span<const int32_t> labels) {
  MB_CHECK(static_cast<int64_t>(labels.size()) == logits.rows && logits.cols > 0);
  double sum = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < logits.rows; ++i) {
    if (labels[i] == kIgnoredLabel) continue;
    if (labels[i] < 0 || labels[i] >= logits.cols) {
      fail(ErrorCode::kInvalidFile, "label {} in row {}, want one from 0 to {}, or {}", labels[i], i,
           logits.cols - 1, kIgnoredLabel);
    }
    sum += log_sum_exp(logits.row(i)) - logits.row(i)[labels[i]];
    ++count;
  }
  return sum / static_cast<double>(count);
}

double mean_squared_error(std::span<const float> logits, std::span<const float> targets) {
  MB_CHECK(logits.size() == targets.size());
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double error = static_cast<double>(logits[i]) - targets[i];
    sum += error * error;
  }
  return sum / static_cast<double>(logits.size());
}

double binary_cross_entropy_with_logits(std::span<const float> logits, std::span<const float> targets) {
  MB_CHECK(logits.size() == targets.size());
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double x = logits[i];
    // max(x,0) - x*t + log(1 + e^-|x|): the form that cannot overflow.
    sum += std::max(x, 0.0) - x * targets[i] + std::log1p(std::exp(-std::abs(x)));
  }
  return sum / static_cast<double>(logits.size());
}

ProblemType resolve_problem_type(const EncoderConfig& config, bool integer_labels) {
  if (config.problem_type != ProblemType::kUnset) return config.problem_type;
  if (config.num_labels == 1) return ProblemType::kRegression;
  return integer_labels ? ProblemType::kSingleLabel : ProblemType::kMultiLabel;
}

}  // namespace modernbert
