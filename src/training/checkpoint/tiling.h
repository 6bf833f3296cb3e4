// A larger encoder from a smaller one: its matrices are filled with wrapped copies of the smaller ones, the
// copy in the middle staying in place. ModernBERT-large started from base in this way.
#pragma once

#include <cstdint>
#include <vector>

#include "modernbert/config.h"
#include "tensor/matrix.h"
#include "training/parameters.h"

namespace modernbert {

// y[r,c] = x[(r - (R-R')/2) mod R', (c - (C-C')/2) mod C'].   x: [R',C'], y: [R,C], R >= R', C >= C'.
void tile_from_middle(MatView<const float> x, MatView<float> y);

// The layer of the smaller encoder that each layer of the larger one comes from: round(i * small / large),
// halves to even.
std::vector<int32_t> tiled_layers(int32_t small, int32_t large);

// Fills `to` from `from`: embedding, every layer, and the head; queries, keys and values, and the two halves
// of a GLU, each for themselves. A tensor that the smaller layer lacks (the first attention norm) and
// final_norm keep their values.   Error (kInvalidArgument): other vocabulary, larger in some size, other
// kinds of blocks.
void tile_parameters(const EncoderConfig& from_config, const ParameterBlock& from,
                     const EncoderConfig& to_config, ParameterBlock& to);

}  // namespace modernbert
