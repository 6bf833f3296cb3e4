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
// An output named *_mean_std is two numbers, each a sum of millions of errors with signs: one run's value is
// a single draw around zero. Its figures are the largest of the draws that the folder's cases hold for the
// same model. outputs: of the case; cases: all of the folder.
std::optional<ReferenceErrors> bf16_errors(const JsonObject& outputs, const std::string& output,
                                           const std::vector<Json>& cases);

}  // namespace modernbert
