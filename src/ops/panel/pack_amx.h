// The factors of training's products, which change every step, in the forms that the matrix unit takes.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace modernbert {

// A panel of 64 columns and `depth` words (pairs of factors), as AmxTask wants it. Only where
// cpu_has_amx_bf16().

// From the 64 rows of a matrix that are the columns of the product.   w: its first number; stride: numbers
// from row to row; panel: [64 * depth].
void pack_rows(const Bf16* w, int64_t stride, int64_t depth, uint32_t* panel);
// From 64 columns of 2 * depth rows.
void pack_columns(const Bf16* w, int64_t stride, int64_t depth, uint32_t* panel);
// Columns become rows of `depth` words.   x: first of 2 * depth rows; columns: a multiple of 16; depth: a
// multiple of 16; rows: [columns], row_stride words apart.
void transpose_columns(const Bf16* x, int64_t stride, int64_t columns, int64_t depth, uint32_t* rows,
                       int64_t row_stride);

}  // namespace modernbert
