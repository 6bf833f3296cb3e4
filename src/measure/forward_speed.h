// How fast an encoder runs a batch, against what the machine measures at most in the same minutes.
#pragma once

#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "model/loaded_encoder.h"
#include "model/op_clock.h"

namespace modernbert {

// One op of the encoder, all layers together.
struct OpSpeed {
  std::string_view name;
  double seconds = 0;      // thread seconds of one pass, all threads added up
  double gflop = 0;        // multiply-adds count as two; 0 for ops that only move data
  double peak_gflops = 0;  // of one thread, in the op's type

  double share_of_peak() const { return seconds > 0 ? gflop / seconds / peak_gflops : 0; }
};

struct ForwardSpeed {
  int64_t tokens = 0;
  std::vector<double> seconds;  // of each pass, ascending
  double gflop = 0;             // of a pass
  double peak_gflops = 0;    // what the best pass would have reached at the peak of every product's own type,
                             // as measured just before and after it
  std::vector<OpSpeed> ops;  // of the passes' mean; all threads
  double packed_bytes = 0;

  double best_seconds() const { return seconds.front(); }
  // share: 0.5 is the median.
  double percentile(double share) const;
  double tokens_per_s() const { return static_cast<double>(tokens) / best_seconds(); }
  double gops() const { return gflop / best_seconds(); }
  double share_of_peak() const { return gops() / peak_gflops; }
};

// Runs the batch for at least min_seconds and three times, after one pass that does not count; between passes
// the peaks are measured every half second.   progress: called with (seconds done, min_seconds), may be
// empty.   Error (kInvalidArgument) for the reference backend.
ForwardSpeed measure_forward(const LoadedEncoder& encoder, const TokenBatch& batch, double min_seconds,
                             const std::function<void(double, double)>& progress = {});

}  // namespace modernbert
