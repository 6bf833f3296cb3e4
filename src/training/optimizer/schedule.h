// Learning-rate schedules as multipliers of the peak rate. Their unit is the caller's: the trainer counts
// tokens, the stored reference cases count steps.
#pragma once

#include <string_view>

namespace modernbert {

enum class ScheduleKind {
  kConstant,         // 1 after the warmup
  kLinear,           // from 1 at the end of the warmup to `final` at `total`
  kCosine,           // the same along half a cosine
  kWsdOneMinusSqrt,  // warmup, stable, decay: 1 until total - decay, then along 1 - sqrt
  kWsdLinear,        // … along a straight line
  kWsdCosine,        // … along half a cosine
};

// "constant", "linear", "cosine", "wsd_1_sqrt", "wsd_linear" or "wsd_cosine".
// field: what the error (kUnsupported) calls the value.
ScheduleKind parse_schedule(std::string_view name, std::string_view field);
std::string_view to_string(ScheduleKind kind);

struct Schedule {
  ScheduleKind kind = ScheduleKind::kConstant;
  double warmup = 0;  // the multiplier rises as x / warmup
  double total = 0;
  double decay = 0;        // length of the last stretch, for the wsd kinds
  double final_share = 0;  // multiplier at `total` and after it

  // x: where the run is, from 0.
  double multiplier(double x) const;
};

}  // namespace modernbert
