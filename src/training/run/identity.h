// What a run must not be resumed without. Kept in every checkpoint as a flat object of field -> value.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "modernbert/config.h"
#include "training/recipe/recipe.h"

namespace modernbert {

// data: what the data say of themselves (contents of shards, not their paths).
Json run_identity(const Recipe& recipe, const EncoderConfig& encoder, const std::filesystem::path& tokenizer,
                  const Json& data);

struct IdentityDifferences {
  std::vector<std::string> fatal;    // "optimizer.beta2 was 0.98, is 0.95"
  std::vector<std::string> allowed;  // schedule and number type: a run may be made longer
};
IdentityDifferences compare_identities(const Json& was, const Json& is);

}  // namespace modernbert
