// Where a variant does not see the same data as the first one, and what that means for comparing them.
#pragma once

#include <string>
#include <vector>

#include "training/recipe/recipe.h"

namespace modernbert {

// Notes for people, one a field; empty where both see the same windows in the same order under the same
// masks.
std::vector<std::string> data_differences(const Recipe& first, const Recipe& other);

}  // namespace modernbert
