// An experiment from its plan to its results. What is done is not done again, so a stopped experiment goes on
// where it was, and more variants or seeds can be added to it.
//
// OUTPUT/VARIANT/seed-N/           the runs, see runner.h
// OUTPUT/VARIANT/inference.json    speed of the variant's first trained model
// OUTPUT/time_budget.json          tokens by variant, where the budget is time
// OUTPUT/results.json    OUTPUT/results.md    OUTPUT/report.html
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiment/cost_meter.h"
#include "experiment/inference.h"
#include "experiment/plan.h"
#include "experiment/results.h"
#include "experiment/runner.h"

namespace modernbert {

struct ExperimentOptions {
  std::filesystem::path output;
  std::vector<std::string> only;  // variants to train; empty = all
  std::string machine;            // for the results' first line
};

struct ExperimentParts {
  CostMeter& meter;
  RunnerParts runner;
  MeasureInference measure_inference;
};

// What an experiment will do.
struct PlannedVariant {
  std::string name;
  std::string from;                  // as of Variant
  std::vector<std::string> changes;  // its own
  std::vector<std::string> notes;    // where its data differ from the first variant's
  int64_t parameters = 0;
  double flops_per_token = 0;  // of training
  int64_t tokens = 0;          // of each run
};

struct PlannedExperiment {
  std::vector<PlannedVariant> variants;  // as in the plan
  std::vector<PlannedRun> runs;
};

// Errors: those of the variants' recipes and files; a name in options.only that no variant has
// (kInvalidArgument).
PlannedExperiment prepare_experiment(const ExperimentPlan& plan, const ExperimentOptions& options,
                                     CostMeter& meter);

// Trains what is missing, measures the trained models, writes the results and returns them. One experiment at
// a time in a folder.
ExperimentResults run_experiment(const ExperimentPlan& plan, const ExperimentOptions& options,
                                 const ExperimentParts& parts);

}  // namespace modernbert
