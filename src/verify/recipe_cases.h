// Cases of full-size masked language models whose weights are made in memory (see recipe_weights.h).
#pragma once

#include "model/heads.h"
#include "verify/case_folder.h"
#include "verify/comparison.h"

namespace modernbert {

// Shared by all cases of a folder: its weights are up to gigabytes.
struct RecipeModel {
  EncoderPtr encoder;
  MaskedLm head;
};

// Generates the weights of the folder's config.json and checks them against weights_check.json, where there
// is one.
RecipeModel load_recipe_model(const CaseFolder& folder, const EncoderOptions& options);

void run_recipe_case(const CaseFolder& folder, const CaseSpec& spec, const RecipeModel& model,
                     CaseReport& report);

}  // namespace modernbert
