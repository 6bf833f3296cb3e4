// A recipe, and an override of one of its fields.
#include <cstddef>
#include <cstdint>
#include <string>

#include "modernbert/error.h"
#include "training/recipe/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    modernbert::RecipeNode tree = modernbert::parse_recipe(text, "recipe.yaml");
    modernbert::override_recipe(tree, text.substr(0, text.find('\n')));
    const modernbert::Recipe recipe = modernbert::parse_recipe_tree(tree);
    (void)modernbert::to_yaml(recipe.tree);
    (void)modernbert::resolve_encoder(recipe, std::nullopt, {1000, 3, 1, 2});
  } catch (const modernbert::Error&) {
  }
  return 0;
}
