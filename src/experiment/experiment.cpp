#include "experiment/experiment.h"

#include <algorithm>

#include "core/fail.h"
#include "core/file.h"
#include "experiment/budget.h"
#include "experiment/data_differences.h"
#include "experiment/results_files.h"
#include "training/run/output_lock.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxMetricsBytes = size_t{1} << 32;

bool is_wanted(const ExperimentOptions& options, const std::string& variant) {
  return options.only.empty() || std::ranges::find(options.only, variant) != options.only.end();
}

void check_names(const ExperimentPlan& plan, const ExperimentOptions& options) {
  for (const std::string& name : options.only) {
    if (std::ranges::find(plan.variants, name, &Variant::name) != plan.variants.end()) continue;
    std::vector<std::string> names;
    for (const Variant& variant : plan.variants) names.push_back(variant.name);
    fail(ErrorCode::kInvalidArgument, "no variant is called \"{}\"; there are {}", name,
         fmt::join(names, ", "));
  }
}

PlannedVariant planned_variant(const ExperimentPlan& plan, const Variant& variant, CostMeter& meter) {
  const Recipe recipe = variant_recipe(plan, variant, plan.seeds.front());
  PlannedVariant planned{.name = variant.name, .from = variant.from, .changes = variant.own_changes()};
  planned.notes = data_differences(variant_recipe(plan, plan.variants.front(), plan.seeds.front()), recipe);
  planned.parameters = meter.parameters(recipe);
  planned.flops_per_token = meter.flops_per_token(recipe);
  return planned;
}

std::string read_metrics(const fs::path& folder) {
  const fs::path path = folder / "metrics.jsonl";
  return fs::exists(path) ? read_file(path, kMaxMetricsBytes) : "";
}

VariantResult read_variant(const PlannedExperiment& planned, size_t variant,
                           const std::vector<RunOutcome>& outcomes) {
  const PlannedVariant& p = planned.variants[variant];
  VariantResult result{.name = p.name, .from = p.from, .changes = p.changes, .notes = p.notes};
  result.parameters = p.parameters;
  result.flops_per_token = p.flops_per_token;
  result.tokens = p.tokens;
  for (size_t i = 0; i < planned.runs.size(); ++i) {
    const PlannedRun& run = planned.runs[i];
    if (run.variant == variant)
      result.runs.push_back(read_run_result(run.seed, outcomes[i], read_metrics(run.folder)));
  }
  return result;
}

// Of every variant that has a trained model.
void measure_models(const ExperimentOptions& options, const MeasureInference& measure,
                    ExperimentResults& results) {
  std::vector<InferenceJob> jobs;
  std::vector<VariantResult*> measured;
  for (VariantResult& variant : results.variants) {
    const auto run = std::ranges::find_if(variant.runs, &RunResult::finished);
    if (run == variant.runs.end()) continue;
    const fs::path folder = options.output / variant.name;
    jobs.push_back({folder / fmt::format("seed-{}", run->seed) / "model", folder / "inference.json"});
    measured.push_back(&variant);
  }
  const auto speeds = measure_in_turns(jobs, results.inference_lengths, measure);
  for (size_t i = 0; i < jobs.size(); ++i) measured[i]->inference = speeds[i];
}

// Outcomes of all planned runs: of those that were to run now, and of earlier ones.
std::vector<RunOutcome> outcomes_of(const PlannedExperiment& planned, const ExperimentOptions& options,
                                    const RunnerParts& runner) {
  std::vector<PlannedRun> wanted;
  for (const PlannedRun& run : planned.runs) {
    if (is_wanted(options, planned.variants[run.variant].name)) wanted.push_back(run);
  }
  const std::vector<RunOutcome> executed = execute_runs(wanted, runner);
  std::vector<RunOutcome> outcomes;
  size_t next = 0;
  for (const PlannedRun& run : planned.runs) {
    const bool ran = is_wanted(options, planned.variants[run.variant].name);
    outcomes.push_back(ran ? executed[next++] : earlier_outcome(run));
  }
  return outcomes;
}

}  // namespace

PlannedExperiment prepare_experiment(const ExperimentPlan& plan, const ExperimentOptions& options,
                                     CostMeter& meter) {
  check_names(plan, options);
  PlannedExperiment planned;
  for (const Variant& variant : plan.variants)
    planned.variants.push_back(planned_variant(plan, variant, meter));
  const fs::path record = options.output.empty() ? fs::path() : options.output / "time_budget.json";
  const std::vector<int64_t> tokens = budget_tokens(plan, meter, record);
  for (size_t i = 0; i < tokens.size(); ++i) planned.variants[i].tokens = tokens[i];
  planned.runs = planned_runs(plan, tokens, options.output);
  return planned;
}

ExperimentResults run_experiment(const ExperimentPlan& plan, const ExperimentOptions& options,
                                 const ExperimentParts& parts) {
  fs::create_directories(options.output);
  const OutputLock lock(options.output);
  const PlannedExperiment planned = prepare_experiment(plan, options, parts.meter);
  const std::vector<RunOutcome> outcomes = outcomes_of(planned, options, parts.runner);
  bool stopped = false;
  for (size_t i = 0; i < outcomes.size(); ++i)
    stopped |= outcomes[i].status == RunStatus::kPending &&
               is_wanted(options, planned.variants[planned.runs[i].variant].name);
  ExperimentResults results{.name = plan.name,
                            .base_name = plan.base_name,
                            .budget = plan.budget,
                            .seeds = plan.seeds,
                            .inference_lengths = plan.inference_lengths,
                            .machine = options.machine};
  for (size_t i = 0; i < planned.variants.size(); ++i)
    results.variants.push_back(read_variant(planned, i, outcomes));
  if (!stopped) {
    parts.runner.observer.on_note("measuring the trained models");
    measure_models(options, parts.measure_inference, results);
  }
  write_results(options.output, results);
  return results;
}

}  // namespace modernbert
