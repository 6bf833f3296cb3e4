// The runs of an experiment, one after another: each is an ordinary pretraining run in a folder of its own.
//
// OUTPUT/VARIANT/seed-N/            see training/run/pretraining.h
// OUTPUT/VARIANT/seed-N/done.json   written when the run has ended: it is not started again
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiment/plan.h"
#include "training/distributed/communicator.h"
#include "training/run/training_loop.h"

namespace modernbert {

struct PlannedRun {
  size_t variant = 0;  // index in the plan
  uint64_t seed = 0;
  Recipe recipe;  // with the budget's tokens
  std::filesystem::path folder;
};

// Seed by seed, so that every variant has run once before one runs twice.   tokens: by variant.
std::vector<PlannedRun> planned_runs(const ExperimentPlan& plan, const std::vector<int64_t>& tokens,
                                     const std::filesystem::path& output);

enum class RunStatus { kPending, kFinished, kFailed };

struct RunOutcome {
  RunStatus status = RunStatus::kPending;
  std::string error;      // of a failed run
  double peak_bytes = 0;  // of memory; 0 = unknown
};

// What the run's folder says: finished or pending; failed, with the reason, where it holds a run of another
// recipe or is damaged.
RunOutcome earlier_outcome(const PlannedRun& run);

class ExperimentObserver {
 public:
  virtual ~ExperimentObserver() = default;
  virtual void on_run_start(const PlannedRun&) {}
  virtual void on_run_end(const PlannedRun&, const RunOutcome&) {}
  virtual void on_note(std::string_view /*line*/) {}
};

// Trains a recipe in a folder, or goes on with the run that the folder holds.
using TrainRun = std::function<LoopEnd(const Recipe&, const std::filesystem::path&)>;

struct RunnerParts {
  TrainRun train;
  // Memory of a piece of work: the peak is forgotten, the work done, the new peak read. Bytes; 0 = unknown.
  std::function<void()> forget_peak_memory;
  std::function<double()> peak_memory;
  ExperimentObserver& observer;
  Communicator& processes;  // the others are in follow_runs()
};

// For the first of the processes; releases the others at the end. Runs that are done are left alone. A run
// that fails is reported to the observer, and the rest go on; with several processes its error is thrown.
// Returns outcomes by run; they end early where training was stopped.
std::vector<RunOutcome> execute_runs(const std::vector<PlannedRun>& runs, const RunnerParts& parts);

}  // namespace modernbert
