#include "training/report/html_report.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/file.h"
#include "training/report/html_page.h"
#include "training/report/metrics_file.h"
#include "training/report/page_parts.h"

namespace modernbert {
namespace {

// Points of a curve: more than a screen shows would only make the page heavy.
constexpr size_t kMaxPoints = 1500;
constexpr size_t kMaxGuesses = 60;  // evaluations with guesses in the table
constexpr size_t kMaxMetricsBytes = size_t{1} << 32;

struct RunRecord {
  std::vector<Json> steps, evaluations;
};

RunRecord parse(const std::string& metrics) {
  RunRecord record;
  for (Json& value : parse_metrics(metrics))
    (is_step(value) ? record.steps : record.evaluations).push_back(std::move(value));
  return record;
}

double number(const Json& value, const char* name) {
  const auto it = value.find(name);
  return it != value.end() && it->is_number() ? it->get<double>() : NAN;
}

// [[step, value], …], means of neighbouring steps where there are too many. NaN is left out.
Json curve(const std::vector<Json>& records, const char* name) {
  const size_t stride = std::max<size_t>(1, (records.size() + kMaxPoints - 1) / kMaxPoints);
  Json points = Json::array();
  for (size_t begin = 0; begin < records.size(); begin += stride) {
    double sum = 0;
    int count = 0;
    const size_t end = std::min(records.size(), begin + stride);
    for (size_t i = begin; i < end; ++i) {
      const double value = number(records[i], name);
      if (std::isfinite(value)) sum += value, ++count;
    }
    if (count > 0) points.push_back({number(records[end - 1], "step"), sum / count});
  }
  return points;
}

// First and last ones always, the others evenly.
Json thinned_guesses(const std::vector<Json>& evaluations) {
  std::vector<const Json*> with_guesses;
  for (const Json& evaluation : evaluations) {
    if (evaluation.contains("sentences") && !evaluation["sentences"].empty())
      with_guesses.push_back(&evaluation);
  }
  Json list = Json::array();
  const size_t count = std::min(with_guesses.size(), kMaxGuesses);
  for (size_t i = 0; i < count; ++i) {
    const size_t index = count == 1 ? 0 : i * (with_guesses.size() - 1) / (count - 1);
    list.push_back(
        {{"step", (*with_guesses[index])["step"]}, {"sentences", (*with_guesses[index])["sentences"]}});
  }
  return list;
}

double total(const std::vector<Json>& records, const char* name) {
  double sum = 0;
  for (const Json& record : records) sum += std::isfinite(number(record, name)) ? number(record, name) : 0;
  return sum;
}

Json page_data(const ReportTitle& title, const RunRecord& record) {
  Json data = {{"name", title.name}, {"description", title.description}};
  for (const char* name :
       {"loss", "accuracy", "gradient_norm", "learning_rate", "tokens_per_s", "share_of_peak"})
    data["steps"][name] = curve(record.steps, name);
  for (const char* name : {"loss", "accuracy"}) data["evaluations"][name] = curve(record.evaluations, name);
  data["guesses"] = thinned_guesses(record.evaluations);
  data["seconds"] = total(record.steps, "seconds");
  data["tokens"] = record.steps.empty() ? 0 : number(record.steps.back(), "tokens");
  data["step_count"] = record.steps.empty() ? 0 : number(record.steps.back(), "step");
  const auto skipped = [](const Json& step) { return step.value("skipped", false); };
  data["skipped"] = std::ranges::count_if(record.steps, skipped);
  return data;
}

}  // namespace

std::string html_report(const ReportTitle& title, const std::string& metrics) {
  const Json data = page_data(title, parse(metrics));
  return fill_page(kReportPage, title.name, data.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void write_html_report(const std::filesystem::path& output, const ReportTitle& title) {
  write_file_atomically(output / "report.html",
                        html_report(title, read_file(output / "metrics.jsonl", kMaxMetricsBytes)));
}

}  // namespace modernbert
