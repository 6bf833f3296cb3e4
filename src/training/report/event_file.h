// TensorBoard's event files: records of length, checksum and a protocol buffer. Only scalars are written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "training/report/metrics_file.h"

namespace modernbert {

using ScalarList = std::vector<std::pair<std::string_view, double>>;

// The bytes of one record.   seconds: since 1970.
std::string scalar_event(double seconds, int64_t step, const ScalarList& scalars);
// The first record of a file.
std::string version_event(double seconds);
// Tells TensorBoard to forget what earlier files hold from `step` on.
std::string restart_event(double seconds, int64_t step);

// A new file in `folder` at every start of a run.
class EventFile : public RunObserver {
 public:
  EventFile(const std::filesystem::path& folder, int64_t step);
  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void flush() override;

 private:
  void append(const std::string& record);
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace modernbert
