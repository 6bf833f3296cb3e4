// What this machine can multiply at most: the yardstick that speeds are given as a share of.
#pragma once

#include <cstdint>
#include <functional>

#include "ops/linear/linear.h"

namespace modernbert {

// Of best_rate: enough to find the machine undisturbed.
inline constexpr int kPeakRuns = 8;

// What `work` does in a second: the best of several runs, each long enough to be timed, on slow machines too
// (12.5 to 25 ms each, and as long again to find that out).   work: does what it does `rounds` times, and
// returns how much that was.
double best_rate(const std::function<double(int64_t rounds)>& work, int runs = kPeakRuns);

// Multiply-add throughput of `threads` threads working in registers, in GFLOP/s (2 per multiply-add). kBf16
// without bf16 instructions is what fp32 reaches, kRef too; kInt8 without int8 instructions what pairs of 16
// bits do.
double measured_peak_gflops(GemmType type, int threads, int runs = kPeakRuns);

// Bytes that `threads` threads read from memory in a second, in GB/s: the best of several sums over a buffer
// far larger than the caches (about 0.3 s in total).
double measured_read_bandwidth(int threads);

}  // namespace modernbert
