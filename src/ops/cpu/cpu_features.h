// What the processor offers, and the limit that MODERNBERT_MAX_CPU sets to it: "avx512", "avx2_vnni", "avx2"
// or "sse4" make this CPU behave like an older one, to test and to measure those paths. Read once, before
// main.
#pragma once

#include <cstdint>
#include <string>

namespace modernbert {

// AVX-512 F and BW. False on other architectures, as are the next two.
bool cpu_has_avx512();
// bf16 products in hardware (AVX-512 BF16).
bool cpu_has_bf16();
// bf16 and int8 products in a matrix unit (AMX).
bool cpu_has_amx_bf16();
bool cpu_has_amx_int8();
// int8 products in hardware (AVX-512 VNNI).
bool cpu_has_vnni();
// The same on vectors of 256 bits (AVX2 and AVX-VNNI).
bool cpu_has_avx_vnni();

// Of a core's cache for data; 0 where the system does not say.
int64_t first_level_cache_bytes();

// Name of the vector target that the kernels run on, e.g. "AVX3".
std::string cpu_target_name();

}  // namespace modernbert
