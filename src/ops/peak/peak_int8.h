#pragma once

#include <cstdint>

namespace modernbert {

// Runs `rounds` rounds of independent int8 multiply-adds in registers and returns their operations. Only on
// CPUs where cpu_has_vnni(); this file is compiled for them.
double int8_chains(int64_t rounds);

}  // namespace modernbert
