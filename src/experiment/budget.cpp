#include "experiment/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/file.h"
#include "core/json.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

// Variants are timed in turns, and the best of a variant's times counts: a disturbance of the machine then
// hits one turn and not one variant.
constexpr int kBudgetTurns = 3;

std::vector<double> seconds_by_variant(const std::vector<Recipe>& recipes, CostMeter& meter) {
  std::vector<double> seconds(recipes.size(), std::numeric_limits<double>::infinity());
  for (int turn = 0; turn < kBudgetTurns; ++turn) {
    for (size_t i = 0; i < recipes.size(); ++i)
      seconds[i] = std::min(seconds[i], meter.seconds_per_token(recipes[i]));
  }
  return seconds;
}

// A recipe, whatever it is called.
std::string identity(Recipe recipe) {
  RecipeNode name;
  set_field(recipe.tree, "name", name);
  return to_yaml(recipe.tree);
}

// The tokens that an earlier start of the same experiment chose; 0 where it did not know this recipe.
int64_t recorded_tokens(const Json& record, const Recipe& recipe, const Recipe& first) {
  const auto entry = record.find(identity(recipe));
  if (entry == record.end() || !entry->is_object()) return 0;
  if (entry->value("first", "") != identity(first)) return 0;
  return entry->value("tokens", int64_t{0});
}

std::vector<int64_t> tokens_of_equal_time(const std::vector<Recipe>& recipes, CostMeter& meter,
                                          const fs::path& record_path) {
  Json record = Json::object();
  if (!record_path.empty()) record = read_json_file_if_exists(record_path).value_or(record);
  std::vector<int64_t> tokens(recipes.size());
  tokens.front() = static_cast<int64_t>(recipes.front().schedule.total);
  std::vector<Recipe> unknown = {recipes.front()};
  std::vector<size_t> places = {0};
  for (size_t i = 1; i < recipes.size(); ++i) {
    tokens[i] = recorded_tokens(record, recipes[i], recipes.front());
    if (tokens[i] > 0) continue;
    unknown.push_back(recipes[i]);
    places.push_back(i);
  }
  if (unknown.size() == 1) return tokens;
  const std::vector<int64_t> chosen = equal_cost_tokens(tokens.front(), seconds_by_variant(unknown, meter));
  for (size_t i = 1; i < unknown.size(); ++i) {
    tokens[places[i]] = chosen[i];
    record[identity(unknown[i])] = {{"tokens", chosen[i]}, {"first", identity(recipes.front())}};
  }
  if (!record_path.empty()) write_file_atomically(record_path, record.dump(1) + "\n");
  return tokens;
}

}  // namespace

std::vector<int64_t> equal_cost_tokens(int64_t first_tokens, std::span<const double> cost) {
  std::vector<int64_t> tokens;
  for (const double one : cost) {
    const double exact = static_cast<double>(first_tokens) * cost.front() / one;
    tokens.push_back(std::max<int64_t>(1, std::llround(exact)));
  }
  return tokens;
}

Recipe with_tokens(const Recipe& recipe, int64_t tokens) {
  if (tokens == static_cast<int64_t>(recipe.schedule.total)) return recipe;
  const double share = static_cast<double>(tokens) / recipe.schedule.total;
  RecipeNode tree = recipe.tree;
  const auto set = [&](const char* field, double count) {
    RecipeNode node;
    node.kind = RecipeNode::Kind::kScalar;
    node.text = fmt::format("{}", static_cast<int64_t>(count));
    node.where = recipe.tree.where;
    set_field(tree, field, std::move(node));
  };
  const auto scale = [&](const char* field, double count) {
    if (count > 0) set(field, std::max(1.0, std::floor(share * count)));
  };
  set("schedule.tokens", static_cast<double>(tokens));
  scale("schedule.warmup_tokens", recipe.schedule.warmup);
  scale("schedule.decay_tokens", recipe.schedule.decay);
  scale("batch.warmup_tokens", static_cast<double>(recipe.batch.warmup_tokens));
  return parse_recipe_tree(std::move(tree));
}

std::vector<int64_t> budget_tokens(const ExperimentPlan& plan, CostMeter& meter, const fs::path& record) {
  std::vector<Recipe> recipes;
  for (const Variant& variant : plan.variants)
    recipes.push_back(variant_recipe(plan, variant, plan.seeds.front()));
  const auto first = static_cast<int64_t>(recipes.front().schedule.total);
  if (plan.budget == BudgetKind::kTime) return tokens_of_equal_time(recipes, meter, record);
  std::vector<double> cost(recipes.size(), 1);
  if (plan.budget == BudgetKind::kFlops)
    std::ranges::transform(recipes, cost.begin(), [&](const Recipe& r) { return meter.flops_per_token(r); });
  return equal_cost_tokens(first, cost);
}

}  // namespace modernbert
