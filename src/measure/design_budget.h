// What an encoder may cost, and the shapes that are tried for it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "measure/encoder_shape.h"

namespace modernbert {

// Whole numbers and decimals with K, M or B behind them: "150M", "1.2B", "395000000".
// Error (kInvalidArgument) for anything else, and for less than one.
int64_t parse_parameter_count(std::string_view text);

struct LayerRange {
  int32_t least = 4;
  int32_t most = 40;
};

// Parameters of a proposal may differ from the budget by this share.
inline constexpr double kParameterTolerance = 0.05;

// One (hidden, intermediate) with the depths that suit it. Hidden: multiples of 64 from 256 to 1536;
// intermediate: the multiples of 64 nearest to 1.5, 2, 2.5, 3 and 4 times hidden.
struct Width {
  int32_t hidden = 0;
  int32_t intermediate = 0;
  LayerRange layers;  // from hidden/64 to hidden/20, within what was asked for; never empty

  EncoderShape with_layers(int32_t layers_wanted) const { return {layers_wanted, hidden, intermediate}; }
};
std::vector<Width> widths(const LayerRange& layers);

// Of each width the depth that comes nearest to the budget, where that is within the tolerance.
std::vector<EncoderShape> shapes_with_parameters(int64_t parameters, const LayerRange& layers);

}  // namespace modernbert
