// Linear on the matrix unit (AMX), bf16.
#pragma once

#include "ops/linear.h"

namespace modernbert {

// Whether the CPU has the unit and the rows fill its registers: `in` is a multiple of 32.
bool linear_amx_takes(GemmType type, int64_t in);

// weight, bias, group: as make_linear. Only where linear_amx_takes.
std::unique_ptr<Linear> make_linear_amx(MatView<const float> weight, std::span<const float> bias,
                                        int64_t group);

}  // namespace modernbert
