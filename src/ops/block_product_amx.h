#pragma once

#include "ops/block_product.h"

namespace modernbert {

// Whether this CPU has the bf16 matrix unit and the kernel lets us use it.
bool amx_bf16_usable();

// Only where it is usable. Between configure and release on the calling thread: products.
void amx_configure();
void amx_release();
void amx_multiply(const BlockProduct<Bf16>& op);

}  // namespace modernbert
