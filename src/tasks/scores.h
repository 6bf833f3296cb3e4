// Logits to scores, and the best of many. Sums run in double and in index order, so equal inputs give equal
// bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace modernbert {

// scores: as long as logits, may alias them.
void softmax(std::span<const float> logits, std::span<float> scores);
float sigmoid(float x);

size_t argmax(std::span<const float> values);  // the first of equals

// Indices of the `count` largest values (of all, if there are fewer), best first; ties keep index order.
std::vector<int32_t> top_indices(std::span<const float> values, size_t count);

// row /= its L2 norm, which is taken as at least 1e-12.
void l2_normalize(std::span<float> row);

}  // namespace modernbert
