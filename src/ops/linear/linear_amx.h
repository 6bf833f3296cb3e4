// Linear on the matrix unit (AMX), bf16 and int8.
#pragma once

#include "ops/linear/linear.h"

namespace modernbert {

// Whether the CPU has the unit for the type and the rows fill its registers: `in` is a multiple of 32 in
// bf16, of 64 in int8.
bool linear_amx_takes(GemmType type, int64_t in);

// As make_linear. Only where linear_amx_takes.
std::unique_ptr<Linear> make_linear_amx(GemmType type, MatView<const float> weight,
                                        std::span<const float> bias, int64_t group);

}  // namespace modernbert
