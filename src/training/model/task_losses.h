// Losses of the classification heads with their gradients, in double: their logits are few.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/matrix.h"

namespace modernbert {

// Logits that one softmax runs over, and their gradients, which are overwritten; each `step` floats apart.
struct SoftmaxGroup {
  const float* logits = nullptr;
  int64_t logits_step = 1;
  float* gradient = nullptr;
  int64_t gradient_step = 1;
  int64_t count = 0;
};

// Returns weight * -log p(label); gradient = scale * its derivative.
double softmax_loss(const SoftmaxGroup& group, int32_t label, double weight, double scale);

// Means over all elements.   targets, gradient: [R,C] as logits.
double squared_error_loss(MatView<const float> logits, std::span<const float> targets, double scale,
                          MatView<float> gradient);
double binary_loss(MatView<const float> logits, std::span<const float> targets, double scale,
                   MatView<float> gradient);

}  // namespace modernbert
