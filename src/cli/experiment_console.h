// An experiment on the console: lines on standard error where a run starts and ends and at its evaluations,
// steps in the status line.
#pragma once

#include <string>

#include "experiment/experiment.h"
#include "training/report/run_events.h"

namespace modernbert::cli {

// quiet: only what fails.
class ExperimentConsole : public ExperimentObserver {
 public:
  ExperimentConsole(const ExperimentPlan& plan, bool quiet) : plan_(plan), quiet_(quiet), progress_(*this) {}

  void on_run_start(const PlannedRun& run) override;
  void on_run_end(const PlannedRun& run, const RunOutcome& outcome) override;
  void on_note(std::string_view line) override;
  // Of the current run.
  RunObserver& progress() { return progress_; }

 private:
  // What a run says before its first step is the same for every run: it is left out.
  class Progress : public RunObserver {
   public:
    explicit Progress(ExperimentConsole& console) : console_(console) {}
    void on_step(const StepMetrics& metrics) override { console_.show_step(metrics); }
    void on_evaluation(const EvaluationMetrics& metrics) override { console_.show_evaluation(metrics); }

   private:
    ExperimentConsole& console_;
  };

  void show_step(const StepMetrics& metrics);
  void show_evaluation(const EvaluationMetrics& metrics);

  const ExperimentPlan& plan_;
  bool quiet_;
  Progress progress_;
  std::string run_;     // "mlp, seed 17"
  double seconds_ = 0;  // of the current run's steps
  double loss_ = 0;     // held out, the latest
};

}  // namespace modernbert::cli
