#include "training/optimizer/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "core/names.h"

namespace modernbert {
namespace {

constexpr std::array kScheduleKinds = {NamedValue<ScheduleKind>{"constant", ScheduleKind::kConstant},
                                       NamedValue<ScheduleKind>{"linear", ScheduleKind::kLinear},
                                       NamedValue<ScheduleKind>{"cosine", ScheduleKind::kCosine},
                                       NamedValue<ScheduleKind>{"wsd_1_sqrt", ScheduleKind::kWsdOneMinusSqrt},
                                       NamedValue<ScheduleKind>{"wsd_linear", ScheduleKind::kWsdLinear},
                                       NamedValue<ScheduleKind>{"wsd_cosine", ScheduleKind::kWsdCosine}};

// Where the multiplier starts to fall.
double decay_begin(const Schedule& schedule) {
  switch (schedule.kind) {
    case ScheduleKind::kLinear:
    case ScheduleKind::kCosine:
      return schedule.warmup;
    default:
      return schedule.total - schedule.decay;
  }
}

// 1 at progress 0, 0 at progress 1.
double shape(ScheduleKind kind, double progress) {
  switch (kind) {
    case ScheduleKind::kWsdOneMinusSqrt:
      return 1 - std::sqrt(progress);
    case ScheduleKind::kLinear:
    case ScheduleKind::kWsdLinear:
      return 1 - progress;
    default:
      return 0.5 * (1 + std::cos(std::numbers::pi * progress));
  }
}

}  // namespace

ScheduleKind parse_schedule(std::string_view name, std::string_view field) {
  return parse_name<ScheduleKind>(name, kScheduleKinds, std::string(field));
}

std::string_view to_string(ScheduleKind kind) {
  return name_of<ScheduleKind>(kind, kScheduleKinds);
}

double Schedule::multiplier(double x) const {
  if (x < warmup) return x / warmup;
  if (kind == ScheduleKind::kConstant) return 1;
  const double begin = decay_begin(*this);
  if (x <= begin) return 1;
  if (x >= total) return final_share;
  return final_share + (1 - final_share) * shape(kind, (x - begin) / (total - begin));
}

}  // namespace modernbert
