#include "experiment/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "experiment/shape_variants.h"
#include "experiment_files.h"
#include "shared_files.h"

namespace modernbert::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::vector<std::string> changes(const Variant& variant) {
  std::vector<std::string> texts;
  for (const FieldValue& change : variant.changes) texts.push_back(change.text());
  return texts;
}

std::vector<std::string> names(const ExperimentPlan& plan) {
  std::vector<std::string> names;
  for (const Variant& variant : plan.variants) names.push_back(variant.name);
  return names;
}

std::string error_of(const std::string& text) {
  const ExperimentFiles files;
  return thrown_by([&] { files.read(text); }).message;
}

TEST(ExperimentPlan, VariantsAreOverridesOfTheBase) {
  const ExperimentFiles files;
  const ExperimentPlan plan = files.read(kTwoVariants + R"(
  - name: deeper
    from: deep
    set: {model: {mlp_bias: true, num_hidden_layers: 6}}
set: {schedule: {tokens: 2k}}
)");
  EXPECT_EQ(plan.name, "try");  // the file's
  EXPECT_EQ(plan.budget, BudgetKind::kTokens);
  EXPECT_THAT(plan.seeds, ElementsAre(5, 6));
  EXPECT_THAT(names(plan), ElementsAre("first", "deep", "deeper"));
  EXPECT_THAT(changes(plan.variants[2]), ElementsAre("model.num_hidden_layers: 4", "model.mlp_bias: true",
                                                     "model.num_hidden_layers: 6"));
  EXPECT_EQ(plan.variants[2].from, "deep");
  EXPECT_THAT(plan.variants[2].own_changes(),
              ElementsAre("model.mlp_bias: true", "model.num_hidden_layers: 6"));
  const Recipe recipe = variant_recipe(plan, plan.variants[2], 6);
  EXPECT_EQ(recipe.name, "try/deeper");
  EXPECT_EQ(recipe.seed, 6u);
  EXPECT_EQ(recipe.schedule.total, 2000);
  EXPECT_EQ(recipe.schedule.warmup, 100);  // of the base: sections are merged
  EXPECT_EQ(recipe.model.fields.find("num_hidden_layers")->value.text, "6");
}

TEST(ExperimentPlan, AllSeedsAreJudgedByTheSameHeldOutText) {
  const ExperimentFiles files;
  const ExperimentPlan plan = files.read(kTwoVariants);
  EXPECT_EQ(variant_recipe(plan, plan.variants[0], 5).evaluation.seed, 5u);
  EXPECT_EQ(variant_recipe(plan, plan.variants[0], 6).evaluation.seed, 5u);
  const ExperimentPlan other = files.read(kTwoVariants + "set: {evaluation.seed: 77}\n");
  EXPECT_EQ(variant_recipe(other, other.variants[1], 6).evaluation.seed, 77u);
}

TEST(ExperimentPlan, TheCommandLineOverridesTheFile) {
  const ExperimentFiles files;
  const ExperimentPlan plan =
      files.read(kTwoVariants + "set: {schedule.tokens: 2k}\n", {"schedule.tokens=3k"});
  EXPECT_EQ(variant_recipe(plan, plan.variants[0], 5).schedule.total, 3000);
}

TEST(ExperimentPlan, WithoutSeedsTheBaseRecipesIsUsed) {
  const ExperimentFiles files;
  EXPECT_THAT(files.read("base: base.yaml\nvariants: {name: a}\n").seeds, ElementsAre(5));
}

TEST(ExperimentPlan, AGridIsEveryCombinationTheLastFieldFastest) {
  const ExperimentFiles files;
  const ExperimentPlan plan = files.read(R"(base: base.yaml
grid:
  model.local_attention: [8, 16]
  data.mask_probability: [0.15, 0.3, 0.4]
)");
  EXPECT_THAT(
      names(plan),
      ElementsAre("local_attention=8,mask_probability=0.15", "local_attention=8,mask_probability=0.3",
                  "local_attention=8,mask_probability=0.4", "local_attention=16,mask_probability=0.15",
                  "local_attention=16,mask_probability=0.3", "local_attention=16,mask_probability=0.4"));
  EXPECT_THAT(changes(plan.variants[4]),
              ElementsAre("model.local_attention: 16", "data.mask_probability: 0.3"));
}

TEST(ExperimentPlan, ErrorsNameFileLineAndField) {
  EXPECT_THAT(error_of("base: base.yaml\nvariant: []\nvariants: {name: a}\n"),
              EndsWith("try.yaml:2: variant: unknown field, expected one of name, base, set, budget, seeds, "
                       "grid, variants"));
  EXPECT_THAT(error_of("name: x\n"), HasSubstr("base: is missing"));
  EXPECT_THAT(error_of("base: base.yaml\n"), HasSubstr("variants: is missing"));
  EXPECT_THAT(error_of("base: base.yaml\nbudget: money\nvariants: {name: a}\n"),
              HasSubstr("try.yaml:2: budget is \"money\", want tokens, flops or time"));
  EXPECT_THAT(error_of("base: base.yaml\nseeds: [1, two]\nvariants: {name: a}\n"),
              HasSubstr("try.yaml:2: seeds: \"two\" is no seed"));
  EXPECT_THAT(error_of("base: base.yaml\nseeds: [1, 1]\nvariants: {name: a}\n"),
              HasSubstr("1 appears twice"));
  EXPECT_THAT(error_of("base: no.yaml\nvariants: {name: a}\n"), HasSubstr("no.yaml"));
  EXPECT_THAT(error_of("base: base.yaml\nvariants:\n  - {name: a}\n  - {name: a}\n"),
              HasSubstr("try.yaml:4: two variants are called \"a\""));
  EXPECT_THAT(error_of("base: base.yaml\nvariants:\n  - {name: ../a}\n"), HasSubstr("letters, digits"));
  EXPECT_THAT(error_of("base: base.yaml\nvariants:\n  - {name: a, from: b}\n"),
              HasSubstr("variants[0].from: no variant above is called \"b\""));
  EXPECT_THAT(error_of("base: base.yaml\ngrid: {seed: 3}\n"), HasSubstr("grid.seed: want a list"));
  EXPECT_THAT(error_of("base: base.yaml\nvariants: {name: a}\ngrid: {batch.sequences: [2]}\n"),
              HasSubstr("try.yaml:3: grid: contradicts variants"));
}

// Where the experiment says something that the recipe does not know, its own line is named.
TEST(ExperimentPlan, AVariantsRecipeIsChecked) {
  EXPECT_THAT(error_of("base: base.yaml\nvariants:\n  - name: a\n    set:\n      model.hidden: 3\n"),
              HasSubstr("try.yaml:5: model.hidden: unknown field"));
  EXPECT_THAT(error_of("base: base.yaml\nset: {batch.sequences: many}\nvariants: {name: a}\n"),
              HasSubstr("try.yaml:2: batch.sequences: is \"many\""));
}

TEST(ExperimentPlan, VariantsCannotChangeWhatMakesThemComparable) {
  const auto with = [](const std::string& field) {
    return error_of("base: base.yaml\nvariants:\n  - {name: a, set: {" + field + ": 3}}\n");
  };
  EXPECT_THAT(with("seed"), HasSubstr("a: seed: is decided by the experiment's seeds"));
  EXPECT_THAT(with("schedule.tokens"), HasSubstr("is decided by the experiment's budget"));
  EXPECT_THAT(with("evaluation.batches"), HasSubstr("must be the same for all variants"));
}

TEST(ExperimentPlan, ShapesBecomeVariants) {
  const ExperimentFiles files;
  const auto path = files.path() / "shapes.yaml";
  write_shapes_experiment(path, files.path() / "base.yaml", {{12, 128, 192}, {3, 256, 384}});
  const ExperimentPlan plan = read_experiment(path, {});
  EXPECT_THAT(names(plan), ElementsAre("12x128x192", "3x256x384"));
  EXPECT_THAT(changes(plan.variants[0]),
              ElementsAre("model.num_hidden_layers: 12", "model.hidden_size: 128",
                          "model.intermediate_size: 192", "model.num_attention_heads: 2"));
  EXPECT_EQ(thrown_by([&] {
              write_shapes_experiment(path, "no/such.yaml", {{1, 64, 64}});
            }).code,
            ErrorCode::kNotFound);
  EXPECT_EQ(thrown_by([&] { write_shapes_experiment(path, path, {}); }).code, ErrorCode::kInvalidArgument);
}

TEST(ExperimentPlan, EveryCommittedExperimentIsValid) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "configs" / "experiments")) {
    if (entry.is_directory()) continue;  // base recipes
    SCOPED_TRACE(entry.path());
    EXPECT_NO_THROW(EXPECT_GE(read_experiment(entry.path(), {}).variants.size(), 2u));
    ++count;
  }
  EXPECT_GE(count, 9);
}

}  // namespace
}  // namespace modernbert::testing
