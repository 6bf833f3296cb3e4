// Pooling: the rows of one sequence to one vector.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "tensor/matrix.h"

namespace modernbert {

enum class PoolingMode { kCls, kMax, kMean, kMeanSqrtLength, kWeightedMean, kLastToken };

// rows: [L,D], L >= 1.   skip: leading rows (those of a prompt) that are left out.   out: [D], overwritten.
// Sums run over rows in order and in double: a sequence's result does not depend on its batch.
void pool(PoolingMode mode, MatView<const float> rows, int32_t skip, std::span<float> out);

// The modes of a Pooling module's config, in the order in which their results are concatenated.
// Both forms: `pooling_mode` (a name or a list) and the older booleans.
std::vector<PoolingMode> read_pooling_modes(const JsonObject& config);

}  // namespace modernbert
