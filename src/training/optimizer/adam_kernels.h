// Element loops of the Adam family, one part of a tensor at a time. All arrays have `count` elements; none
// alias.
#pragma once

#include <cstddef>

namespace modernbert {

// value = decay * value - rate * m / (sqrt(v) * root_correction + epsilon), after the moments took the
// gradient in.
struct AdamStep {
  float gradient_scale = 1;
  float keep1 = 0, take1 = 0;  // m = keep1 * m + take1 * g
  float keep2 = 0, take2 = 0;  // v = keep2 * v + take2 * g * g
  float decay = 1;
  float rate = 0;
  float root_correction = 1;
  float epsilon = 0;
};

// Everything in one pass over the four arrays.
void adam_update(const AdamStep& step, const float* gradient, size_t count, float* first, float* second,
                 float* value);

// The moments alone.   Returns the sum of g^2 / max(v, epsilon^2), with the new v.
double adam_moments(const AdamStep& step, const float* gradient, size_t count, float* first, float* second);
// The values alone, from moments that are up to date.
void adam_values(const AdamStep& step, const float* first, const float* second, size_t count, float* value);

}  // namespace modernbert
