// Token ids as input (tokenize --decode).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cli/input.h"

namespace modernbert::cli {

// Plain lines: numbers between spaces, commas or brackets. JSON lines: a list of numbers in the --jsonl
// field; nullopt for a blank line. Anything else is an error (kInvalidArgument).
std::optional<std::vector<int32_t>> read_token_ids(const Input& input, const InputLine& line);

}  // namespace modernbert::cli
