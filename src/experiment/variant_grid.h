// The `grid` of an experiment: every combination of some fields' values is a variant.
#pragma once

#include <vector>

#include "experiment/plan.h"

namespace modernbert {

// node: a map from a field's path to the list of its values.   The last field varies fastest; names are made
// of the paths' last parts: "local_attention=64,global_attn_every_n_layers=3". Errors (kInvalidFile) name the
// place: no map, no list, an empty list, a value that is no scalar, more than kMaxVariants combinations.
std::vector<Variant> expand_grid(const RecipeNode& node);

inline constexpr size_t kMaxVariants = 1000;

}  // namespace modernbert
