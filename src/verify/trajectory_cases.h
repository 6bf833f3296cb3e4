// Some optimiser steps of a whole model against a stored run: losses, gradient norms, and the way that the weights
// went.
#pragma once

#include "verify/gradient_cases.h"

namespace modernbert {

// fp32: the case's bars. bf16: every loss within 1.25 times the largest error of Hugging Face's autocast run; single
// weights drift with the signs of tiny gradients in Adam's first steps, so their distance is only reported.
void run_trajectory_case(const CaseFolder& folder, const CaseSpec& spec, const GradientModel& model,
                         CaseReport& report);

}  // namespace modernbert
