// Pretraining by a recipe.
#include <csignal>
#include <memory>

#include "cli/failure.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/processes.h"
#include "cli/stop_signal.h"
#include "cli/training_console.h"
#include "cli/verbs/verbs.h"
#include "training/run/pretraining.h"
#include "training/run/standard_workshop.h"

namespace modernbert::cli {
namespace pretrain_verb {
namespace {

struct Options {
  std::vector<std::string> overrides;
  std::string output;
  bool resume = false;
  bool check = false;
  bool offline = false;
  bool quiet = false;
  bool json = false;
};

int run(const Options& options, const std::vector<std::string>& recipes, ByteWriter& out) {
  if (recipes.size() != 1) throw UsageError("pretrain: want one recipe, such as configs/nano.yaml");
  RecipeNode tree = read_recipe_tree(recipes.front());
  for (const std::string& assignment : options.overrides) override_recipe(tree, assignment);
  const Recipe recipe = parse_recipe_tree(std::move(tree));
  PretrainingOptions pretraining{.output = options.output.empty() ? "runs/" + recipe.name : options.output};
  pretraining.must_resume = options.resume;
  pretraining.only_summary = options.check;
  pretraining.find_model = [&](const std::string& name) {
    return open_folder({.model = name, .offline = options.offline, .quiet = options.quiet});
  };
  pretraining.stop = &stop_request();
  catch_stop_signals();
  const auto processes = join_processes(recipe.distributed);
  pretraining.processes = processes.get();
  StandardWorkshop workshop;
  TrainingConsole console(out, options.quiet, options.json);
  const LoopEnd end = pretrain(recipe, pretraining, workshop, console);
  const bool others_stopped = end == LoopEnd::kStopped && !options.check;
  return exit_code_after_stop(others_stopped ? exit_code_of_signal(SIGTERM) : kExitSuccess);
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  OptionGroup run_options(line, "Run");
  run_options.texts("--set", options->overrides, "FIELD=VALUE",
                    "Overrides a field of the recipe: batch.sequences=64");
  run_options.text("--output,-o", options->output, "DIR",
                   "Folder of the run, runs/NAME by default; a run that it holds is resumed");
  run_options.flag("--resume", options->resume, "Fail unless there is a checkpoint to resume from");
  run_options.flag("--check", options->check, "Print tokens, steps, memory and time, then end");
  run_options.flag("--offline", options->offline, "Use downloaded models only");
  OptionGroup output(line, "Output");
  output.flag("--quiet,-q", options->quiet, "Nothing but steps");
  output.flag("--json", options->json, "One JSON object per step and evaluation");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace pretrain_verb

const Verb kPretrain{"pretrain", "RECIPE", "Trains a masked language model by a recipe",
                     pretrain_verb::declare};

}  // namespace modernbert::cli
