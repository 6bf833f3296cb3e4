// Cases without a model: optimisers on given gradients, learning-rate schedules, weights tiled to a larger
// shape.
#pragma once

#include "verify/case_folder.h"
#include "verify/comparison.h"

namespace modernbert {

// All tensors after every step, against the reference's bar on the largest difference.
void run_optimizer_case(const CaseFolder& folder, const CaseSpec& spec, CaseReport& report);

// The multiplier at every listed x.
void run_schedule_case(const CaseFolder& folder, const CaseSpec& spec, CaseReport& report);

// The larger matrix, every element exact.
void run_tiling_case(const CaseFolder& folder, const CaseSpec& spec, CaseReport& report);

}  // namespace modernbert
