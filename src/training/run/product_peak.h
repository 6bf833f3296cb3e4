// The yardstick of training's speed.
#pragma once

#include "modernbert/dtype.h"

namespace modernbert {

// Floating-point operations a second that `threads` threads reach at most in products of this type (kFp32 or
// kBf16): the better of what registers alone give and of block products in the cache, which may run on a
// matrix unit. About 0.4 s.
double product_peak_flops(ComputeType dtype, int threads);

}  // namespace modernbert
