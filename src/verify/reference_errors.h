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

// Of the bfloat16 run on `output`; none where the case has no such run, as for inputs that were too long for
// one.
//
// hidden_mean_std and logits_mean_std are two numbers, each a sum of millions of errors with signs: one run's
// value is a single draw around zero. Their figures are the largest of the draws that the folder's cases hold
// for the same model: the bfloat16 runs, and the float32 runs scaled by how much larger bfloat16's errors of
// single elements are.
//
// outputs: of the case; cases: all of the folder.
std::optional<ReferenceErrors> bf16_errors(const JsonObject& outputs, const std::string& output,
                                           const std::vector<Json>& cases);

}  // namespace modernbert
