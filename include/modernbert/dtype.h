// Element types of weights and of computation.
#pragma once

#include <cstdint>
#include <string_view>

namespace modernbert {

// What matrix products are computed in. The residual stream, norms and softmax are fp32 in every case.
enum class ComputeType {
  kAuto,  // bf16 where the CPU multiplies it in hardware, else fp32
  kFp32,
  kBf16,
  kInt8,  // linear layers in int8 (scales per output and per token), attention in bf16 where the CPU has it
};

enum class Backend {
  kCpu,
  kRef,  // plain loops with double accumulators; slow, to check the others
};

// "auto", "fp32", "bf16" or "int8"; Error{kInvalidArgument} otherwise.
ComputeType parse_compute_type(std::string_view name);
std::string_view to_string(ComputeType type);
Backend parse_backend(std::string_view name);
std::string_view to_string(Backend backend);

}  // namespace modernbert
