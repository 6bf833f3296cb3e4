// Cases of one checkpoint that are given token ids: hidden states, logits of every head, losses.
#pragma once

#include "model/heads.h"
#include "verify/case_folder.h"
#include "verify/comparison.h"

namespace modernbert {

// Runs one case and compares all its outputs. Throws Error for a case that cannot be run.
void run_head_case(const CaseFolder& folder, const CaseSpec& spec, const EncoderPtr& encoder,
                   CaseReport& report);

}  // namespace modernbert
