// What Hugging Face's own runs reach on an output: the measure of bf16 results.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace modernbert {

// Errors of one run against the expected values.
struct ReferenceErrors {
  double max_abs = 0;
  double mean_abs = 0;
};

// The figures that a bf16 result of `output` is measured by.   outputs: of its case; cases: all of the
// folder.
//
// Element-wise outputs: those of the case's bfloat16 run; where the input was too long for one, the loosest
// of the same output in the folder's other cases (errors hardly depend on the length).
//
// Outputs that are made of another output's values (a loss, a mean, a standard deviation, scores of few
// pairs): their errors are sums of errors with signs, which cancel more or less by luck, so that one run's
// error says little about the next run's. Their figures are the loosest of several draws: the bfloat16 runs
// of the folder, and both float32 runs of the case scaled by how much larger the errors of the other output
// are in bfloat16.
std::optional<ReferenceErrors> bf16_errors(const JsonObject& outputs, const std::string& output,
                                           const std::vector<Json>& cases);

}  // namespace modernbert
