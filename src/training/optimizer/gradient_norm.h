// The global norm of a gradient, and the factor that clips it.
#pragma once

#include <span>

namespace modernbert {

// sqrt of the sum of squares. Not finite if an element is not (or if squares leave double's range). The same
// bits for any number of threads.
double gradient_norm(std::span<const float> gradient, int threads);

// min(1, limit / (norm + 1e-6)): what gradients are multiplied by. No limit (0): 1.
double clip_factor(double norm, double limit);

}  // namespace modernbert
