// What this machine computes at most, in the types that an encoder uses.
#pragma once

#include "modernbert/dtype.h"
#include "ops/peak/peak.h"

namespace modernbert {

// GFLOP/s of all threads together.
struct Peaks {
  double gemm = 0;
  double attention = 0;  // int8 encoders attend in bf16

  // Of work that mixes both.
  double of(double gemm_flops, double attention_flops) const {
    return (gemm_flops + attention_flops) / (gemm_flops / gemm + attention_flops / attention);
  }
};

// The best of some runs of 12.5 to 25 ms for each type.
Peaks measure_peaks(ComputeType dtype, int threads, int runs = kPeakRuns);

}  // namespace modernbert
