// Variants of a recipe, trained under equal conditions and compared.
#include <fmt/format.h>

#include <csignal>
#include <memory>

#include "cli/experiment_console.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/process_memory.h"
#include "cli/processes.h"
#include "cli/status.h"
#include "cli/stop_signal.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "core/default_threads.h"
#include "experiment/results_files.h"
#include "experiment/shared_runs.h"
#include "ops/cpu/cpu_features.h"
#include "training/model/resolve_options.h"
#include "training/report/step_line.h"
#include "training/run/standard_workshop.h"

namespace modernbert::cli {
namespace experiment_verb {
namespace {

struct Options {
  std::vector<std::string> overrides;
  ExperimentOptions experiment;
  bool check = false;
  bool offline = false;
  bool quiet = false;
  bool json = false;
};

FindModel model_finder(const Options& options) {
  return [&options](const std::string& name) {
    return open_folder({.model = name, .offline = options.offline, .quiet = options.quiet});
  };
}

// Of the measured forward passes, which this process makes alone.
EncoderOptions encoder_options(const Recipe& recipe) {
  return {.dtype = recipe.compute.dtype, .threads = choose_threads(recipe.compute.threads, 1)};
}

std::string machine_text(const Recipe& recipe, const Communicator& processes) {
  const ComputeType type = resolve_options(TrainingOptions{.dtype = recipe.compute.dtype}).dtype;
  std::string text = fmt::format("{}, {}, {} threads", cpu_target_name(), to_string(type),
                                 choose_threads(recipe.compute.threads, processes.size_on_host()));
  if (processes.size() > 1) text += fmt::format(" in each of {} processes", processes.size());
  return text;
}

OutJson to_json(const PlannedVariant& variant, double seconds) {
  return {{"name", variant.name},
          {"from", variant.from.empty() ? OutJson() : OutJson(variant.from)},
          {"changes", variant.changes},
          {"other_data", variant.notes},
          {"parameters", variant.parameters},
          {"training_flops_per_token", variant.flops_per_token},
          {"tokens", variant.tokens},
          {"seconds", seconds}};
}

std::string changes_text(const PlannedVariant& variant) {
  const std::string changes = fmt::format("{}", fmt::join(variant.changes, "; "));
  return variant.from.empty() ? changes : fmt::format("{}; {}", variant.from, changes);
}

// seconds: predicted, by variant, of one run.
void print_plan(const ExperimentPlan& plan, const PlannedExperiment& planned,
                const std::vector<double>& seconds, ByteWriter& out) {
  Table table({Align::kLeft, Align::kRight, Align::kRight, Align::kRight, Align::kLeft});
  table.add_row({"variant", "parameters", "tokens", "time", "changes"});
  double all = 0;
  for (size_t i = 0; i < planned.variants.size(); ++i) {
    const PlannedVariant& variant = planned.variants[i];
    table.add_row({variant.name, count_text(static_cast<double>(variant.parameters)),
                   count_text(static_cast<double>(variant.tokens)), duration_text(seconds[i]),
                   changes_text(variant)});
    for (const std::string& note : variant.notes) table.add_row({"", "", "", "", "  " + note});
    all += seconds[i] * static_cast<double>(plan.seeds.size());
  }
  table.print(out);
  out.write(fmt::format("{} runs (seeds {}), equal {}: {} predicted\n", planned.runs.size(),
                        fmt::join(plan.seeds, ", "), to_string(plan.budget), duration_text(all)));
}

int check(const Options& options, const ExperimentPlan& plan, CostMeter& meter, ByteWriter& out) {
  ExperimentOptions without_output = options.experiment;
  without_output.output.clear();
  const PlannedExperiment planned = prepare_experiment(plan, without_output, meter);
  std::vector<double> seconds;
  for (size_t i = 0; i < planned.variants.size(); ++i) {
    if (!options.quiet) show_status(fmt::format("measuring steps: {} of {}", i, planned.variants.size()));
    const PlannedVariant& variant = planned.variants[i];
    seconds.push_back(meter.seconds_per_token(planned.runs[i].recipe) * static_cast<double>(variant.tokens));
  }
  clear_status();
  if (!options.json) {
    print_plan(plan, planned, seconds, out);
    return kExitSuccess;
  }
  OutJson variants = OutJson::array();
  for (size_t i = 0; i < planned.variants.size(); ++i)
    variants.push_back(to_json(planned.variants[i], seconds[i]));
  write_json_line(out, {{"name", plan.name}, {"seeds", plan.seeds}, {"variants", variants}});
  return kExitSuccess;
}

// Trains runs together with the other processes, and remembers whether one of them asked to stop.
class Trainer {
 public:
  Trainer(const Options& options, RunObserver& progress, Communicator& processes)
      : options_(options), progress_(progress), processes_(processes) {}

  LoopEnd train(const Recipe& recipe, const std::filesystem::path& folder) {
    const PretrainingOptions pretraining{.output = folder,
                                         .find_model = model_finder(options_),
                                         .stop = &stop_request(),
                                         .processes = &processes_};
    last_ = pretrain(recipe, pretraining, workshop_, progress_);
    return last_;
  }
  int exit_code(int otherwise) const {
    return exit_code_after_stop(last_ == LoopEnd::kStopped ? exit_code_of_signal(SIGTERM) : otherwise);
  }

 private:
  const Options& options_;
  RunObserver& progress_;
  Communicator& processes_;
  StandardWorkshop workshop_;
  LoopEnd last_ = LoopEnd::kFinished;
};

RunnerParts runner_parts(Trainer& trainer, ExperimentConsole& console, Communicator& processes) {
  const auto train = [&trainer](const Recipe& recipe, const std::filesystem::path& folder) {
    return trainer.train(recipe, folder);
  };
  const auto can_forget = std::make_shared<bool>(false);
  return {train, [can_forget] { *can_forget = forget_peak_resident_bytes(); },
          [can_forget] { return *can_forget ? peak_resident_bytes() : 0; }, console, processes};
}

// The part of a process that is not the first.
int follow(const Options& options, Communicator& processes) {
  RunObserver nobody;
  Trainer trainer(options, nobody, processes);
  follow_runs(processes, [&](const Recipe& recipe) { trainer.train(recipe, {}); });
  return trainer.exit_code(kExitSuccess);
}

bool has_failures(const ExperimentResults& results) {
  for (const VariantResult& variant : results.variants) {
    for (const RunResult& run : variant.runs) {
      if (run.outcome.status == RunStatus::kFailed) return true;
    }
  }
  return false;
}

int run(Options options, const std::vector<std::string>& files, ByteWriter& out) {
  if (files.size() != 1) throw UsageError("experiment: want one file, such as configs/experiments/mlp.yaml");
  const ExperimentPlan plan = read_experiment(files.front(), options.overrides);
  const Recipe recipe = parse_recipe_tree(plan.base);
  catch_stop_signals();
  const auto processes = join_processes(recipe.distributed);
  if (!processes->is_first()) return options.check ? kExitSuccess : follow(options, *processes);
  StandardWorkshop workshop;
  TrainingCostMeter meter(workshop, model_finder(options), *processes);
  if (options.check) return check(options, plan, meter, out);
  if (options.experiment.output.empty()) options.experiment.output = "runs/" + plan.name;
  options.experiment.machine = machine_text(recipe, *processes);
  ExperimentConsole console(plan, options.quiet);
  Trainer trainer(options, console.progress(), *processes);
  const auto measure = [&recipe](const std::filesystem::path& model, std::span<const int32_t> lengths) {
    return measure_inference(model, lengths, encoder_options(recipe));
  };
  const ExperimentResults results =
      run_experiment(plan, options.experiment, {meter, runner_parts(trainer, console, *processes), measure});
  out.write(options.json ? results_json(results).dump() + "\n" : results_markdown(results));
  if (!options.quiet) print_note("the results are in " + options.experiment.output.string());
  return trainer.exit_code(has_failures(results) ? kExitFailure : kExitSuccess);
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  OptionGroup run_options(line, "Run");
  run_options.texts("--set", options->overrides, "FIELD=VALUE",
                    "Overrides a field of the base recipe: schedule.tokens=300k");
  run_options.texts("--only", options->experiment.only, "VARIANT",
                    "Trains this variant only; may be given several times");
  run_options.text("--output,-o", options->experiment.output, "DIR",
                   "Folder of the results, runs/NAME by default; what it holds is not done again");
  run_options.flag("--check", options->check, "Print variants, parameters, tokens and time, then end");
  run_options.flag("--offline", options->offline, "Use downloaded models only");
  OptionGroup(line, "Output").flag("--quiet,-q", options->quiet, "No progress on standard error");
  add_json_flag(line, options->json);
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace experiment_verb

const Verb kExperiment{"experiment", "FILE", "Trains variants of a recipe and compares them",
                       experiment_verb::declare};

}  // namespace modernbert::cli
