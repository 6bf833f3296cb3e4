// Losses of the classification heads, in double, as Hugging Face's models compute them from logits and
// labels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "modernbert/config.h"
#include "tensor/matrix.h"

namespace modernbert {

// Mean negative log-likelihood over the rows whose label is not -100.   logits: [R,C]; labels: [R].
// Error (kInvalidFile) for a label outside [0,C).
double cross_entropy(MatView<const float> logits, std::span<const int32_t> labels);

// Means over all elements.   targets: as logits.
double mean_squared_error(std::span<const float> logits, std::span<const float> targets);
double binary_cross_entropy_with_logits(std::span<const float> logits, std::span<const float> targets);

// The problem that a sequence classifier's labels pose. Where the config does not say: one label means
// regression, integer labels one class each, anything else several.
ProblemType resolve_problem_type(const EncoderConfig& config, bool integer_labels);

}  // namespace modernbert
