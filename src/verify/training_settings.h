// How stored training cases write their optimisers.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "training/optimizer/optimizer_config.h"

namespace modernbert {

// {"kind": "adamw" | "stableadamw" | "stableadamw_decoupled", "lr", "betas", "eps", "wd" or "weight_decay"}
// Errors (kInvalidFile, kUnsupported) name the field.
OptimizerConfig read_optimizer(const JsonObject& json);

// The numbers of a list. Error (kInvalidFile) if it is none.
std::vector<double> read_numbers(const JsonObject& json, const std::string& name);

}  // namespace modernbert
