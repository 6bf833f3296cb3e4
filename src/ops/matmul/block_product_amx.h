#pragma once

#include "ops/matmul/block_product.h"

namespace modernbert {

// Only where cpu_has_amx_bf16(), within an AmxScope.
void amx_multiply(const BlockProduct<Bf16>& op);

}  // namespace modernbert
