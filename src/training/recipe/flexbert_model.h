// A FlexBERT model_config in a recipe: the encoder, and what belongs to its training.
#pragma once

#include "training/recipe/recipe.h"
#include "training/recipe/recipe_section.h"

namespace modernbert {

// section, node: the same map. Sets fields, init and dropouts of the model, and the loss.
// Errors (kInvalidFile) name file, line and field: unknown fields, losses of other tasks.
void read_flexbert_model(RecipeSection& section, const RecipeNode& node, ModelRecipe& model,
                         LossRecipe& loss);

}  // namespace modernbert
