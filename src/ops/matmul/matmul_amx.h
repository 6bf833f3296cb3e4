// The products of training on the matrix unit (AMX). Factors are brought into the unit's form just before
// they meet (docs/performance.md compares with oneDNN).
#pragma once

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// Whether the CPU has the unit and the shape fills its registers: y [rows,cols], sums over `depth`. A y of
// bf16 cannot hold sums of a large depth.
template <class Out>
bool matmul_amx_takes(int64_t rows, int64_t cols, int64_t depth);

// Only where matmul_amx_takes. An element's bits depend neither on the other rows nor on the number of
// threads, which is OpenMP's; not from inside a parallel region.

// y = x wᵀ + bias.   bias: [y.cols] or null.
template <class Out>
void multiply_by_rows_amx(MatView<const Bf16> x, MatView<const Bf16> w, const float* bias, MatView<Out> y);
// y = x w
template <class Out>
void multiply_by_columns_amx(MatView<const Bf16> x, MatView<const Bf16> w, MatView<Out> y);
// y += aᵀ b
void add_transposed_product_amx(MatView<const Bf16> a, MatView<const Bf16> b, MatView<float> y);

}  // namespace modernbert
