// What this machine can multiply at most: the yardstick that speeds are given as a share of.
#pragma once

#include <cstdint>
#include <functional>

#include "ops/linear.h"

namespace modernbert {

// What `work` does in a second: the best of several runs, each long enough to be timed, on slow machines too
// (about 0.2 s in total).   work: does what it does `rounds` times, and returns how much that was.
double best_rate(const std::function<double(int64_t rounds)>& work);

// Multiply-add throughput of `threads` threads working in registers, in GFLOP/s (2 per multiply-add). kBf16
// without bf16 instructions is what fp32 reaches; kRef too.
double measured_peak_gflops(GemmType type, int threads);

// Bytes that `threads` threads read from memory in a second, in GB/s: the best of several sums over a buffer
// far larger than the caches (about 0.3 s in total).
double measured_read_bandwidth(int threads);

}  // namespace modernbert
