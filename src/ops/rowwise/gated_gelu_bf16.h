// GeGLU of the usual models into bf16 rows, for CPUs that round to bf16 in hardware.
#pragma once

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// y = GELU(u) * g.   u, g, y: [R,C].   The relative error of GELU is at most 1.5e-4 (below -9 it is -1e-18),
// a twentieth of what rounding to bf16 may cost; a NaN stays one, and subnormal results become 0.
using GatedGeluKernel = void (*)(const MatView<const float>& u, const MatView<const float>& g,
                                 const MatView<Bf16>& y);

// Null where the CPU lacks the instructions.
GatedGeluKernel bf16_gated_gelu_kernel();

}  // namespace modernbert
