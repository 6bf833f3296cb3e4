#include "verify/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace modernbert {
namespace {

// How much of a bar an error uses up. An error of zero passes any bar.
double share_of(double error, double bar) {
  if (error == 0) return 0;
  if (std::isinf(error)) return error;
  return error / bar;
}

std::string failure_text(const CaseResult& worst) {
  const bool max_fails = share_of(worst.max_abs, worst.max_abs_bar) > 1;
  return fmt::format("{}: {} {:.4g} is above {:.4g}", worst.output, max_fails ? "max_abs" : "mean_abs",
                     max_fails ? worst.max_abs : worst.mean_abs,
                     max_fails ? worst.max_abs_bar : worst.mean_abs_bar);
}

}  // namespace

std::string_view to_string(CaseStatus status) {
  switch (status) {
    case CaseStatus::kPassed:
      return "passed";
    case CaseStatus::kFailed:
      return "failed";
    case CaseStatus::kSkipped:
      return "skipped";
  }
  return "?";
}

Bars bars_of(const ExpectedOutput& output, ComputeType dtype) {
  Bars bars;
  if (dtype != ComputeType::kBf16) {
    bars.max_abs = output.fp32_tolerance;
  } else if (output.bf16) {
    bars.max_abs = 2 * output.bf16->max_abs;
    bars.mean_abs = 1.25 * output.bf16->mean_abs;
  }
  return bars;
}

Difference difference(std::span<const float> actual, std::span<const float> expected) {
  Difference result;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double error = std::abs(static_cast<double>(actual[i]) - expected[i]);
    if (!std::isfinite(error))
      return {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    result.max_abs = std::max(result.max_abs, error);
    result.mean_abs += error;
  }
  if (!actual.empty()) result.mean_abs /= static_cast<double>(actual.size());
  return result;
}

void CaseReport::compare(const ExpectedOutput& output, std::span<const float> actual,
                         const Tensor& expected) {
  if (static_cast<int64_t>(actual.size()) != expected.elements()) {
    mismatch(fmt::format("{}: {} values, want {} for {}", output.name, actual.size(), expected.elements(),
                         expected.shape_text()));
    return;
  }
  compare(output.name, actual, expected.to_floats(), bars_of(output, dtype_));
}

void CaseReport::compare(const std::string& name, std::span<const float> actual,
                         std::span<const float> expected, const Bars& bars) {
  if (actual.size() != expected.size() || actual.empty()) {
    mismatch(fmt::format("{}: {} values, want {}", name, actual.size(), expected.size()));
    return;
  }
  add(name, difference(actual, expected), bars);
}

void CaseReport::add(const std::string& name, const Difference& error, const Bars& bars) {
  const double share =
      std::max(share_of(error.max_abs, bars.max_abs), share_of(error.mean_abs, bars.mean_abs));
  if (compared_ && share <= worst_.share) return;
  compared_ = true;
  worst_.output = name;
  worst_.max_abs = error.max_abs;
  worst_.mean_abs = error.mean_abs;
  worst_.max_abs_bar = bars.max_abs;
  worst_.mean_abs_bar = bars.mean_abs;
  worst_.share = share;
}

void CaseReport::mismatch(const std::string& text) {
  if (mismatch_.empty()) mismatch_ = text;
}

CaseResult CaseReport::result(const CaseFolder& folder, const CaseSpec& spec) const {
  CaseResult result = worst_;
  result.folder = folder.path;
  result.name = spec.name;
  if (!mismatch_.empty()) {
    result.reason = mismatch_;
  } else if (worst_.share > 1) {
    result.reason = failure_text(worst_);
  } else if (!compared_) {
    result.reason = "nothing was compared";
  }
  result.status = result.reason.empty() ? CaseStatus::kPassed : CaseStatus::kFailed;
  return result;
}

}  // namespace modernbert
