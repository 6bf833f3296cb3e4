#include "cli/experiment_console.h"

#include <fmt/format.h>

#include "cli/failure.h"
#include "cli/progress.h"
#include "cli/status.h"
#include "training/report/step_line.h"

namespace modernbert::cli {

void ExperimentConsole::on_run_start(const PlannedRun& run) {
  run_ = fmt::format("{}, seed {}", plan_.variants[run.variant].name, run.seed);
  seconds_ = 0;
  on_note(fmt::format("{}: {} tokens", run_, count_text(run.recipe.schedule.total)));
}

void ExperimentConsole::on_run_end(const PlannedRun& run, const RunOutcome& outcome) {
  clear_status();
  if (outcome.status == RunStatus::kFailed) {
    const std::string& name = plan_.variants[run.variant].name;
    return print_note(on_one_line(fmt::format("{}, seed {}: failed: {}", name, run.seed, outcome.error)));
  }
  on_note(fmt::format("{}: done, held-out loss {:.4f} after {}", run_, loss_, duration_text(seconds_)));
}

void ExperimentConsole::on_note(std::string_view line) {
  if (quiet_) return;
  clear_status();
  print_note(line);
}

void ExperimentConsole::show_step(const StepMetrics& metrics) {
  seconds_ += metrics.seconds;
  if (quiet_) return;
  const double share = static_cast<double>(metrics.tokens) / static_cast<double>(metrics.total_tokens);
  show_status(fmt::format("{}  {}  loss {:.4f}  {} tok/s", run_, progress_bar(share), metrics.loss,
                          count_text(metrics.tokens_per_s)));
}

void ExperimentConsole::show_evaluation(const EvaluationMetrics& metrics) {
  loss_ = metrics.loss;
  on_note(fmt::format("{}: held-out loss {:.4f} at {} tokens", run_, loss_,
                      count_text(static_cast<double>(metrics.tokens))));
}

}  // namespace modernbert::cli
