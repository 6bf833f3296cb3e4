// What people read while a run goes on.
#pragma once

#include <string>

#include "training/report/run_events.h"

namespace modernbert {

// `step  1200/25000  loss 2.4813  norm 0.712  lr 8.00e-04  1.52 s  10.4k tok/s  71.3 %`: fixed columns.
// loss_mark: what stands behind the loss, one character ("!" for an outlier, " " else).
std::string step_line(const StepMetrics& metrics, char loss_mark = ' ');

// "3d 04h", "1h 23m", "2m 05s", "7 s"
std::string duration_text(double seconds);
// "1.72T", "20.0M", "512"
std::string count_text(double count);

// Says which losses stand out: more than 6 standard deviations above a running mean.
class OutlierMark {
 public:
  char next(double loss);

 private:
  double mean_ = 0;
  double variance_ = 0;
  int seen_ = 0;
};

}  // namespace modernbert
