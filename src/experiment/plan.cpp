#include "experiment/plan.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "core/fail.h"
#include "experiment/inference.h"
#include "experiment/variant_grid.h"
#include "training/recipe/recipe_section.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;
using Kind = RecipeNode::Kind;

constexpr int64_t kMaxSeed = 1'000'000'000'000'000;

RecipeNode scalar(std::string text, std::string where) {
  RecipeNode node;
  node.kind = Kind::kScalar;
  node.text = std::move(text);
  node.where = std::move(where);
  return node;
}

// Sections become dotted paths, so that {model: {a: 1}} changes a and keeps the rest of the section.
void flatten(const RecipeNode& map, const std::string& prefix, std::vector<FieldValue>& fields) {
  for (const RecipeNode::Entry& entry : map.entries) {
    const std::string path = prefix + entry.key;
    if (entry.value.kind == Kind::kMap)
      flatten(entry.value, path + ".", fields);
    else
      fields.push_back({path, entry.value});
  }
}

std::vector<FieldValue> read_fields(RecipeSection& section) {
  std::vector<FieldValue> fields;
  const RecipeNode* node = section.node("set");
  if (node == nullptr) return fields;
  if (node->kind != Kind::kMap)
    section.reject("set", "want fields of a recipe, such as {batch.sequences: 64}");
  flatten(*node, "", fields);
  return fields;
}

std::vector<uint64_t> read_seeds(RecipeSection& section, uint64_t default_seed) {
  std::vector<uint64_t> seeds;
  for (const std::string& text : section.texts("seeds")) {
    const auto seed = parse_count(text);
    if (!seed || *seed < 0 || *seed > kMaxSeed)
      section.reject("seeds", fmt::format("\"{}\" is no seed, want whole numbers, such as [17, 18]", text));
    const auto value = static_cast<uint64_t>(*seed);
    if (std::ranges::find(seeds, value) != seeds.end())
      section.reject("seeds", fmt::format("{} appears twice", value));
    seeds.push_back(value);
  }
  if (seeds.empty()) seeds.push_back(default_seed);
  return seeds;
}

void read_inference(RecipeSection& section, std::vector<int32_t>& lengths) {
  if (!section.has("inference")) return;
  lengths.clear();
  for (const std::string& text : section.texts("inference")) {
    const auto length = parse_count(text);
    if (!length || *length < 1 || *length > kInferenceTokens)
      section.reject("inference",
                     fmt::format("\"{}\" is no length of a text, want numbers of tokens from 1 to {}", text,
                                 kInferenceTokens));
    lengths.push_back(static_cast<int32_t>(*length));
  }
}

// Folders are named after variants.
bool is_folder_name(const std::string& name) {
  constexpr size_t kLongest = 120;
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::ranges::count("._=,+-", c) > 0;
  };
  return !name.empty() && name.size() <= kLongest && name.front() != '.' &&
         std::ranges::all_of(name, allowed);
}

void check_name(const std::string& name, const std::string& where) {
  if (is_folder_name(name)) return;
  fail(ErrorCode::kInvalidFile,
       "{}: a variant is called \"{}\", want letters, digits and . _ = , + - (folders are named after "
       "variants)",
       where, name);
}

// What the experiment itself decides, so that variants differ in nothing but what they are about.
void check_fields(const Variant& variant) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kDecided = {{
      {"name", "is the variant's name"},
      {"seed", "is decided by the experiment's seeds"},
      {"schedule.tokens", "is decided by the experiment's budget: set it for all variants"},
      {"evaluation", "must be the same for all variants: set it for all of them"},
  }};
  for (const FieldValue& change : variant.changes) {
    for (const auto& [field, reason] : kDecided) {
      if (change.field == field || change.field.starts_with(std::string(field) + "."))
        fail(ErrorCode::kInvalidFile, "{}: {}: {}: {}", change.value.where, variant.name, change.field,
             reason);
    }
  }
}

std::vector<Variant> read_variants(RecipeSection& section) {
  std::vector<Variant> variants;
  for (RecipeSection& entry : section.sections("variants")) {
    Variant variant{.name = entry.text("name", "")};
    if (variant.name.empty()) entry.reject("name", "is missing");
    variant.where = entry.node("name")->where;
    variant.from = entry.text("from", "");
    if (!variant.from.empty()) {
      const auto other = std::ranges::find(variants, variant.from, &Variant::name);
      if (other == variants.end())
        entry.reject("from", fmt::format("no variant above is called \"{}\"", variant.from));
      variant.changes = other->changes;
      variant.inherited = other->changes.size();
    }
    for (FieldValue& field : read_fields(entry)) variant.changes.push_back(std::move(field));
    entry.reject_unknown();
    variants.push_back(std::move(variant));
    if (variants.size() > kMaxVariants)
      section.reject("variants", fmt::format("more than {} of them", kMaxVariants));
  }
  return variants;
}

void check_variants(const ExperimentPlan& plan, const RecipeSection& section) {
  if (plan.variants.empty())
    section.reject("variants", "is missing, want a list of {name: NAME, set: {FIELD: VALUE}}, or a grid");
  std::set<std::string> names;
  for (const Variant& variant : plan.variants) {
    check_name(variant.name, variant.where);
    if (!names.insert(variant.name).second)
      fail(ErrorCode::kInvalidFile, "{}: two variants are called \"{}\"", variant.where, variant.name);
    check_fields(variant);
    variant_recipe(plan, variant, plan.seeds.front());
  }
}

}  // namespace

std::string FieldValue::text() const {
  std::string text = to_yaml(value);
  std::ranges::replace(text, '\n', ' ');
  return field + ": " + text.substr(0, text.find_last_not_of(' ') + 1);
}

std::vector<std::string> Variant::own_changes() const {
  std::vector<std::string> texts;
  for (size_t i = inherited; i < changes.size(); ++i) texts.push_back(changes[i].text());
  return texts;
}

BudgetKind parse_budget(std::string_view name, std::string_view field) {
  for (const BudgetKind budget : {BudgetKind::kTokens, BudgetKind::kFlops, BudgetKind::kTime}) {
    if (name == to_string(budget)) return budget;
  }
  fail(ErrorCode::kInvalidFile, "{} is \"{}\", want tokens, flops or time", field, name);
}

std::string_view to_string(BudgetKind budget) {
  switch (budget) {
    case BudgetKind::kTokens:
      return "tokens";
    case BudgetKind::kFlops:
      return "flops";
    case BudgetKind::kTime:
      return "time";
  }
  return "?";
}

ExperimentPlan read_experiment(const fs::path& path, const std::vector<std::string>& overrides) {
  const RecipeNode tree = read_recipe_tree(path);
  RecipeSection section(tree, "");
  ExperimentPlan plan;
  plan.name = section.text("name", path.stem().string());
  plan.base_name = section.text("base", "");
  if (plan.base_name.empty()) section.reject("base", "is missing, want a recipe, such as ../nano.yaml");
  plan.base = read_recipe_tree((path.parent_path() / plan.base_name).lexically_normal());
  for (FieldValue& field : read_fields(section)) set_field(plan.base, field.field, std::move(field.value));
  for (const std::string& assignment : overrides) override_recipe(plan.base, assignment);
  plan.budget = section.choice("budget", plan.budget, parse_budget);
  const Recipe base = parse_recipe_tree(plan.base);
  plan.held_out_seed = base.evaluation.seed;
  plan.seeds = read_seeds(section, base.seed);
  read_inference(section, plan.inference_lengths);
  if (section.has("variants") && section.has("grid"))
    section.reject("grid", "contradicts variants: an experiment has one of them");
  const RecipeNode* grid = section.node("grid");
  plan.variants = grid != nullptr ? expand_grid(*grid) : read_variants(section);
  section.reject_unknown();
  check_variants(plan, section);
  return plan;
}

Recipe variant_recipe(const ExperimentPlan& plan, const Variant& variant, uint64_t seed) {
  RecipeNode tree = plan.base;
  for (const FieldValue& change : variant.changes) set_field(tree, change.field, change.value);
  set_field(tree, "name", scalar(plan.name + "/" + variant.name, variant.where));
  set_field(tree, "seed", scalar(fmt::format("{}", seed), variant.where));
  set_field(tree, "evaluation.seed", scalar(fmt::format("{}", plan.held_out_seed), variant.where));
  return parse_recipe_tree(std::move(tree));
}

}  // namespace modernbert
