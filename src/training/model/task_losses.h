// Losses of the classification heads with their gradients, in double: their logits are few.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/matrix.h"

namespace modernbert {

// Logits that one softmax runs over, `step` floats apart; their gradients lie in the same way.
struct SoftmaxGroup {
  const float* logits = nullptr;
  float* gradient = nullptr;  // overwritten
  int64_t count = 0, step = 1;
};

// Returns weight * -log p(label); gradient = scale * its derivative.
double softmax_loss(const SoftmaxGroup& group, int32_t label, double weight, double scale);

// Means over all elements.   targets, gradient: [R,C] as logits.
double squared_error_loss(MatView<const float> logits, std::span<const float> targets, double scale,
                          MatView<float> gradient);
double binary_loss(MatView<const float> logits, std::span<const float> targets, double scale, MatView<float> gradient);

}  // namespace modernbert
