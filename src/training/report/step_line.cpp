#include "training/report/step_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace modernbert {
namespace {

constexpr double kOutlierDeviations = 6;
constexpr double kForget = 0.98;  // of the running mean: about fifty steps
constexpr int kWarmup = 20;       // steps without marks

}  // namespace

std::string count_text(double count) {
  constexpr std::array<std::pair<double, char>, 4> kUnits = {
      {{1e12, 'T'}, {1e9, 'B'}, {1e6, 'M'}, {1e3, 'k'}}};
  for (const auto& [unit, suffix] : kUnits) {
    if (count >= unit)
      return fmt::format("{:.{}f}{}", count / unit,
                         count / unit >= 100  ? 0
                         : count / unit >= 10 ? 1
                                              : 2,
                         suffix);
  }
  return fmt::format("{:.0f}", count);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, std::round(std::min(seconds, 1e12))));
  const int64_t minutes = whole / 60, hours = minutes / 60, days = hours / 24;
  if (days > 0) return fmt::format("{}d {:02}h", days, hours % 24);
  if (hours > 0) return fmt::format("{}h {:02}m", hours, minutes % 60);
  if (minutes > 0) return fmt::format("{}m {:02}s", minutes, whole % 60);
  return fmt::format("{} s", whole);
}

std::string step_line(const StepMetrics& m, char loss_mark) {
  const auto digits = fmt::formatted_size("{}", m.total_steps);
  std::string line = fmt::format(
      "step {:>{}}/{}  loss {:7.4f}{} norm {:8.3g}  lr {:.2e}  {:7.2f} s  {:>6} tok/s", m.step, digits,
      m.total_steps, m.loss, loss_mark, m.gradient_norm, m.rate, m.seconds, count_text(m.tokens_per_s));
  if (m.share_of_peak > 0) line += fmt::format("  {:5.1f} %", 100 * m.share_of_peak);
  if (m.skipped) line += "  skipped: not finite";
  return line;
}

char OutlierMark::next(double loss) {
  if (!std::isfinite(loss)) return '!';
  const double difference = loss - mean_;
  const bool outlier =
      seen_ >= kWarmup && difference > kOutlierDeviations * std::sqrt(variance_) && difference > 0.01 * mean_;
  const double weight = std::max(1 - kForget, 1.0 / ++seen_);
  mean_ += weight * difference;
  variance_ = (1 - weight) * (variance_ + weight * difference * difference);
  return outlier ? '!' : ' ';
}

}  // namespace modernbert
