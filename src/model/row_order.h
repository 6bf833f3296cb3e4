// Rows of a layer's matrices in the order that the kernels want. Done once, when weights are packed.
#pragma once

#include "model/checkpoint.h"

namespace modernbert {

// Columns of Wi that go to the epilogue together: 32 of u with their 32 of g, one panel.
inline constexpr int64_t kGateGroup = 64;

// Row order [u0..u31, g0..g31, u32..] instead of [u, g], so that a group of columns holds both factors of its
// products.
LinearParams interleave_gates(const LinearParams& params);

// The kernels rotate the pairs (j, j + D/2) of a head of D numbers, all of them. Here each pair that a model
// rotates, of the first `rope_dim` numbers only or of neighbours (interleaved), gets such a place; the others
// share what is left and a rotation by 0. Attention does not see the order: queries and keys have the same.
//   params: [3H,H], queries, keys and values.
LinearParams order_for_rotation(LinearParams params, const EncoderConfig& config, const LayerConfig& layer);

}  // namespace modernbert
