// An experiment: variants of one recipe, trained alike. Read from a YAML file, docs/experiments.md explains
// it:
//
//   name: mlp
//   base: ../nano.yaml              # a recipe; the path is relative to this file
//   budget: tokens                  # equal tokens, flops or time
//   seeds: [17, 18]
//   inference: [128, 512]           # speeds of texts of so many tokens
//   set: {schedule.tokens: 2M}      # of all variants
//   variants:
//     - name: geglu
//     - name: mlp
//       set: {model.mlp_layer: mlp, model.intermediate_size: 576}
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "training/recipe/recipe.h"
#include "training/recipe/recipe_tree.h"

namespace modernbert {

// A field of a recipe by its dotted path, and what it is set to.
struct FieldValue {
  std::string field;
  RecipeNode value;

  std::string text() const;  // "model.mlp_layer: mlp"
};

struct Variant {
  std::string name;                 // also of its folder
  std::string from;                 // the variant it starts from; empty = the base
  std::vector<FieldValue> changes;  // of the base, in order; those of `from` come first
  size_t inherited = 0;             // so many of the changes
  std::string where;

  // For people: what it adds to what it starts from.
  std::vector<std::string> own_changes() const;
};

// What all variants have equally much of. The first variant trains on the base recipe's schedule.tokens.
enum class BudgetKind { kTokens, kFlops, kTime };
BudgetKind parse_budget(std::string_view name, std::string_view field);
std::string_view to_string(BudgetKind budget);

struct ExperimentPlan {
  std::string name;
  std::string base_name;  // file of the base recipe, as the experiment writes it
  BudgetKind budget = BudgetKind::kTokens;
  std::vector<uint64_t> seeds;
  std::vector<int32_t> inference_lengths = {128, 512, 8192};  // of texts that trained models are timed on
  uint64_t held_out_seed = 17;  // of the text and masks that runs of all seeds are judged by
  RecipeNode base;              // `set` and overrides applied
  std::vector<Variant> variants;
};

// overrides: FIELD=VALUE of the base recipe, after the file's own `set`. Every variant's recipe is checked.
// Errors: as of recipes, kInvalidFile with file, line and field.
ExperimentPlan read_experiment(const std::filesystem::path& path, const std::vector<std::string>& overrides);

// The variant's recipe before its budget is applied.
Recipe variant_recipe(const ExperimentPlan& plan, const Variant& variant, uint64_t seed);

}  // namespace modernbert
