#include "experiment/results.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "training/report/metrics_file.h"

namespace modernbert {
namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double number(const Json& record, const char* name) {
  const auto it = record.find(name);
  return it != record.end() && it->is_number() ? it->get<double>() : 0;
}

std::optional<Spread> over_finished_runs(const VariantResult& variant,
                                         const std::function<double(const RunResult&)>& value) {
  std::vector<double> values;
  for (const RunResult& run : variant.runs) {
    if (run.finished()) values.push_back(value(run));
  }
  return spread_of(values);
}

const RunResult* finished_run(const VariantResult& variant, uint64_t seed) {
  const auto run = std::ranges::find(variant.runs, seed, &RunResult::seed);
  return run != variant.runs.end() && run->finished() ? &*run : nullptr;
}

}  // namespace

std::optional<Spread> spread_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto count = static_cast<double>(values.size());
  Spread spread{.mean = std::accumulate(values.begin(), values.end(), 0.0) / count,
                .count = static_cast<int>(values.size())};
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  if (values.size() > 1) spread.deviation = std::sqrt(squares / (count - 1));
  return spread;
}

RunResult read_run_result(uint64_t seed, const RunOutcome& outcome, const std::string& metrics) {
  RunResult result{.seed = seed, .outcome = outcome};
  std::vector<double> speeds;
  for (const Json& record : parse_metrics(metrics)) {
    if (is_step(record)) {
      result.steps = static_cast<int64_t>(number(record, "step"));
      result.tokens = number(record, "tokens");
      result.seconds += number(record, "seconds");
      speeds.push_back(number(record, "tokens_per_s"));
    } else if (record.contains("loss")) {
      const HeldOutPoint point{number(record, "tokens"), result.seconds, number(record, "loss"),
                               number(record, "accuracy")};
      // A run that was stopped behind its last step has judged it twice.
      if (!result.curve.empty() && result.curve.back().tokens >= point.tokens) result.curve.pop_back();
      result.curve.push_back(point);
    }
  }
  result.tokens_per_s = median(std::move(speeds));
  return result;
}

std::optional<Spread> VariantResult::loss() const {
  return over_finished_runs(*this, [](const RunResult& run) { return run.loss(); });
}

std::optional<Spread> VariantResult::tokens_per_s() const {
  return over_finished_runs(*this, [](const RunResult& run) { return run.tokens_per_s; });
}

std::optional<Spread> VariantResult::seconds() const {
  return over_finished_runs(*this, [](const RunResult& run) { return run.seconds; });
}

double VariantResult::peak_bytes() const {
  double peak = 0;
  for (const RunResult& run : runs) peak = std::max(peak, run.outcome.peak_bytes);
  return peak;
}

std::optional<Spread> ExperimentResults::difference(const VariantResult& variant) const {
  std::vector<double> differences;
  for (const RunResult& run : variant.runs) {
    const RunResult* first = finished_run(variants.front(), run.seed);
    if (first != nullptr && run.finished()) differences.push_back(run.loss() - first->loss());
  }
  return spread_of(differences);
}

}  // namespace modernbert
