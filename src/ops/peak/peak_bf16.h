#pragma once

#include <cstdint>

namespace modernbert {

// Runs `rounds` rounds of independent bf16 multiply-adds in registers and returns their FLOPs. Only on CPUs
// where cpu_has_bf16(); this file is compiled for them.
double bf16_chains(int64_t rounds);

}  // namespace modernbert
