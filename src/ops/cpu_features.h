// What the processor offers beyond what Highway's dispatch covers.
#pragma once

#include <string>

namespace modernbert {

// bf16 products in hardware (AVX-512 BF16). False on other architectures.
bool cpu_has_bf16();
// int8 products in hardware (AVX-512 VNNI). False on other architectures.
bool cpu_has_vnni();

// Name of the vector target that the kernels run on, e.g. "AVX3_DL".
std::string cpu_target_name();

}  // namespace modernbert
