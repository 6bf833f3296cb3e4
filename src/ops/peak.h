// What this machine can multiply at most: the yardstick that speeds are given as a share of.
#pragma once

#include "ops/linear.h"

namespace modernbert {

// Multiply-add throughput of `threads` threads working in registers, in GFLOP/s (2 per multiply-add), the
// best of several short runs (about 0.2 s in total). kBf16 without bf16 instructions is what fp32 reaches;
// kRef too.
double measured_peak_gflops(GemmType type, int threads);

}  // namespace modernbert
