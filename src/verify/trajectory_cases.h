// Some optimiser steps of a whole model against a stored run: losses, gradient norms, and the way that the
// weights went.
#pragma once

#include "verify/gradient_cases.h"

namespace modernbert {

// fp32: the case's bars. bf16: the errors of the losses are held to those of Hugging Face's autocast run as
// those of outputs are (see verify.h); single weights drift with the signs of tiny gradients in Adam's first
// steps, so their distance is only reported.
void run_trajectory_case(const CaseFolder& folder, const CaseSpec& spec, const GradientModel& model,
                         CaseReport& report);

}  // namespace modernbert
