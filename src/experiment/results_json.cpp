#include "core/file.h"
#include "experiment/results_files.h"

namespace modernbert {
namespace {

OrderedJson known(double value) {
  return value > 0 ? OrderedJson(value) : OrderedJson();
}

OrderedJson to_json(const std::optional<Spread>& spread) {
  if (!spread) return {};
  OrderedJson json = {{"mean", spread->mean}};
  json["deviation"] = spread->count > 1 ? OrderedJson(spread->deviation) : OrderedJson();
  json["count"] = spread->count;
  return json;
}

const char* status_name(const RunResult& run) {
  if (run.outcome.status == RunStatus::kFailed) return "failed";
  return run.finished() ? "finished" : "unfinished";
}

OrderedJson to_json(const RunResult& run) {
  OrderedJson curve = OrderedJson::array();
  for (const HeldOutPoint& point : run.curve)
    curve.push_back({{"tokens", point.tokens},
                     {"seconds", point.seconds},
                     {"loss", point.loss},
                     {"accuracy", point.accuracy}});
  OrderedJson json = {{"seed", run.seed}, {"status", status_name(run)}};
  if (!run.outcome.error.empty()) json["error"] = run.outcome.error;
  json["steps"] = run.steps;
  json["tokens"] = run.tokens;
  json["seconds"] = run.seconds;
  json["tokens_per_s"] = known(run.tokens_per_s);
  json["peak_bytes"] = known(run.outcome.peak_bytes);
  json["held_out"] = std::move(curve);
  return json;
}

OrderedJson to_json(const std::vector<InferenceSpeed>& speeds) {
  OrderedJson list = OrderedJson::array();
  for (const InferenceSpeed& speed : speeds) {
    OrderedJson json = {{"length", speed.length}, {"tokens_per_s", known(speed.tokens_per_s)}};
    if (!speed.remark.empty()) json["remark"] = speed.remark;
    list.push_back(std::move(json));
  }
  return list;
}

OrderedJson to_json(const ExperimentResults& results, const VariantResult& variant) {
  OrderedJson runs = OrderedJson::array();
  for (const RunResult& run : variant.runs) runs.push_back(to_json(run));
  return {{"name", variant.name},
          {"from", variant.from.empty() ? OrderedJson() : OrderedJson(variant.from)},
          {"changes", variant.changes},
          {"other_data", variant.notes},
          {"parameters", variant.parameters},
          {"training_flops_per_token", variant.flops_per_token},
          {"tokens", variant.tokens},
          {"loss", to_json(variant.loss())},
          {"difference", to_json(results.difference(variant))},
          {"training_tokens_per_s", to_json(variant.tokens_per_s())},
          {"training_seconds", to_json(variant.seconds())},
          {"inference", to_json(variant.inference)},
          {"peak_bytes", known(variant.peak_bytes())},
          {"runs", std::move(runs)}};
}

}  // namespace

OrderedJson results_json(const ExperimentResults& results) {
  OrderedJson variants = OrderedJson::array();
  for (const VariantResult& variant : results.variants) variants.push_back(to_json(results, variant));
  return {{"name", results.name},   {"base", results.base_name},  {"budget", to_string(results.budget)},
          {"seeds", results.seeds}, {"machine", results.machine}, {"variants", std::move(variants)}};
}

void write_results(const std::filesystem::path& folder, const ExperimentResults& results) {
  const auto replace = OrderedJson::error_handler_t::replace;
  write_file_atomically(folder / "results.json", results_json(results).dump(2, ' ', false, replace) + "\n");
  write_file_atomically(folder / "results.md", results_markdown(results));
  write_file_atomically(folder / "report.html", results_page(results));
}

}  // namespace modernbert
