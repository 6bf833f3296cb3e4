// metrics.jsonl: one JSON object a line, "step" or "evaluation" by its field `kind`.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "training/report/run_events.h"

namespace modernbert {

Json to_json(const StepMetrics& metrics);
Json to_json(const EvaluationMetrics& metrics);

// The records of such a file's text, in order; lines that are no record, such as a last one that was cut off,
// are left out.
std::vector<Json> parse_metrics(const std::string& text);
// Of such a record: a step, else an evaluation.
bool is_step(const Json& record);

// Appends. A resumed run drops what its predecessor wrote after the checkpoint.
class MetricsFile : public RunObserver {
 public:
  // step: of the checkpoint that the run goes on from; later lines, and a last one without its end, are
  // removed.
  MetricsFile(std::filesystem::path path, int64_t step);
  void on_step(const StepMetrics& metrics) override { append(to_json(metrics)); }
  void on_evaluation(const EvaluationMetrics& metrics) override { append(to_json(metrics)); }
  void flush() override;

 private:
  void append(const Json& value);
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace modernbert
