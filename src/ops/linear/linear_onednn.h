#pragma once

#include "ops/linear/linear.h"

namespace modernbert {

// oneDNN matmul with weights packed once for a fixed number of rows; see make_linear.   type: kFp32 or kBf16.
std::unique_ptr<Linear> make_linear_onednn(GemmType type, MatView<const float> weight,
                                           std::span<const float> bias);

}  // namespace modernbert
