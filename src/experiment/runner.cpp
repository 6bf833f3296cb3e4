#include "experiment/runner.h"

#include <algorithm>
#include <sstream>

#include "core/fail.h"
#include "core/file.h"
#include "core/json.h"
#include "experiment/budget.h"
#include "experiment/shared_runs.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDone = "done.json";

// The first line in which two texts differ, as `"a", now "b"`; empty where none does.
std::string first_difference(const std::string& was, const std::string& is) {
  std::istringstream old_lines(was), new_lines(is);
  std::string old_line, new_line;
  while (true) {
    const bool has_old = static_cast<bool>(std::getline(old_lines, old_line));
    const bool has_new = static_cast<bool>(std::getline(new_lines, new_line));
    if (!has_old && !has_new) return "";
    if (!has_old) old_line = "";
    if (!has_new) new_line = "";
    if (old_line != new_line) return fmt::format("\"{}\", now \"{}\"", old_line, new_line);
  }
}

// pretrain itself lets a run go on with a longer schedule. Here that would compare a variant that has already
// decayed with variants that have not.
void refuse_other_recipe(const PlannedRun& run) {
  const fs::path path = run.folder / "recipe.yaml";
  if (!fs::exists(path)) return;
  const std::string difference = first_difference(read_file(path), to_yaml(run.recipe.tree));
  if (difference.empty()) return;
  fail(ErrorCode::kInvalidArgument,
       "{}: the run was started with another recipe: {}; remove its folder or choose another --output",
       path.string(), difference);
}

// What done.json says.
RunOutcome read_outcome(const fs::path& folder) {
  const fs::path path = folder / kDone;
  const std::optional<Json> done = read_json_file_if_exists(path);
  if (!done) return {};
  const JsonObject object(*done, path.string());
  return {.status = RunStatus::kFinished, .peak_bytes = object.number("peak_bytes", 0)};
}

RunOutcome finished(const PlannedRun& run, const RunnerParts& parts) {
  RunOutcome outcome{.status = RunStatus::kFinished, .peak_bytes = parts.peak_memory()};
  write_file_atomically(run.folder / kDone, Json({{"peak_bytes", outcome.peak_bytes}}).dump() + "\n");
  return outcome;
}

// Pending: it was stopped.
RunOutcome execute(const PlannedRun& run, const RunOutcome& earlier, const RunnerParts& parts) {
  if (earlier.status == RunStatus::kFailed) parts.observer.on_run_end(run, earlier);
  if (earlier.status != RunStatus::kPending) return earlier;
  try {
    parts.observer.on_run_start(run);
    parts.forget_peak_memory();
    announce_run(parts.processes, run.recipe);
    if (parts.train(run.recipe, run.folder) == LoopEnd::kStopped) return {};
    const RunOutcome outcome = finished(run, parts);
    parts.observer.on_run_end(run, outcome);
    return outcome;
  } catch (const std::exception& error) {   // whatever it is, the other variants can still run …
    if (parts.processes.size() > 1) throw;  // … but the other processes may still be in this one
    const RunOutcome outcome{.status = RunStatus::kFailed, .error = error.what()};
    parts.observer.on_run_end(run, outcome);
    return outcome;
  }
}

}  // namespace

std::vector<PlannedRun> planned_runs(const ExperimentPlan& plan, const std::vector<int64_t>& tokens,
                                     const fs::path& output) {
  std::vector<PlannedRun> runs;
  for (const uint64_t seed : plan.seeds) {
    for (size_t i = 0; i < plan.variants.size(); ++i) {
      const Variant& variant = plan.variants[i];
      runs.push_back({i, seed, with_tokens(variant_recipe(plan, variant, seed), tokens[i]),
                      output / variant.name / fmt::format("seed-{}", seed)});
    }
  }
  return runs;
}

RunOutcome earlier_outcome(const PlannedRun& run) {
  try {
    refuse_other_recipe(run);
    return read_outcome(run.folder);
  } catch (const Error& error) {
    return {.status = RunStatus::kFailed, .error = error.what()};
  }
}

std::vector<RunOutcome> execute_runs(const std::vector<PlannedRun>& runs, const RunnerParts& parts) {
  std::vector<RunOutcome> outcomes;
  for (const PlannedRun& run : runs) {
    outcomes.push_back(execute(run, earlier_outcome(run), parts));
    if (outcomes.back().status == RunStatus::kPending) break;
  }
  release_followers(parts.processes);
  outcomes.resize(runs.size());
  return outcomes;
}

}  // namespace modernbert
