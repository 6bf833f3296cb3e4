// What a recipe trains, before anything is allocated: tokenizer, shape, where first weights come from.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "modernbert/config.h"
#include "modernbert/tokenizer.h"
#include "training/recipe/recipe.h"

namespace modernbert {

// The folder of model.from and model.tile_from, which may be ids of a hub.
using FindModel = std::function<std::filesystem::path(const std::string&)>;

struct RunModel {
  std::filesystem::path from;  // folder of model.from; empty = none
  std::filesystem::path tokenizer_folder;
  Tokenizer tokenizer;
  EncoderConfig encoder;
};

// Errors: those of the recipe and of the files that it names; a tokenizer without [MASK] (kInvalidFile).
RunModel resolve_run_model(const Recipe& recipe, const FindModel& find_model);

// config.json of a checkpoint folder.
EncoderConfig read_encoder_config(const std::filesystem::path& folder);

}  // namespace modernbert
