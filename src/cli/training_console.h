// A training run on the console: a line a step on standard output, notes and a progress bar on standard
// error.
#pragma once

#include <chrono>

#include "cli/byte_writer.h"
#include "training/report/run_events.h"
#include "training/report/step_line.h"

namespace modernbert::cli {

class TrainingConsole : public RunObserver {
 public:
  // quiet: no notes, no bar.   json: the lines of metrics.jsonl instead of the aligned ones.
  TrainingConsole(ByteWriter& out, bool quiet, bool json) : out_(out), quiet_(quiet), json_(json) {}
  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void on_checkpoint(const std::filesystem::path& folder, double seconds) override;
  void on_note(std::string_view line) override;

 private:
  void print(const std::string& line);
  ByteWriter& out_;
  bool quiet_;
  bool json_;
  OutlierMark outlier_;
  double seconds_per_token_ = 0;  // running mean
};

}  // namespace modernbert::cli
