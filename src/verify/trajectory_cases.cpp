#include "verify/trajectory_cases.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "training/model/trained_masked_lm.h"
#include "training/optimizer/gradient_norm.h"
#include "training/optimizer/optimizer.h"
#include "training/run/optimized_tensors.h"
#include "verify/training_settings.h"

namespace modernbert {
namespace {

std::vector<MaskedLmBatch> read_batches(const CaseFolder& folder, const CaseSpec& spec,
                                        const JsonObject& json) {
  const Json* list = json.find("batches");
  if (list == nullptr || !list->is_array() || list->empty()) json.reject("batches", "a list of inputs");
  std::vector<MaskedLmBatch> batches;
  for (const Json& value : *list) {
    const JsonObject inputs(value, json.source() + ": batches");
    CaseSpec one = spec;
    for (const auto& [role, ignored] : inputs.json().items()) one.inputs[role] = inputs.string(role, "");
    const CaseInputs read = read_case_inputs(folder, one);
    batches.push_back({read.batch, packed_values(read, require_input(folder, one, "labels"))});
  }
  return batches;
}

struct Trajectory {
  std::vector<double> losses;
  ParameterBlock initial, final;
};

Trajectory run_steps(const GradientModel& model, const OptimizerConfig& config,
                     const std::vector<double>& rates, double clip_norm,
                     std::span<const MaskedLmBatch> batches) {
  const auto layout = std::make_shared<const ParameterLayout>(model.config, HeadKind::kMaskedLm);
  Trajectory run{{}, ParameterBlock(layout), ParameterBlock(layout)};
  ParameterBlock gradients(layout);
  load_parameters(model.weights, run.initial);
  std::ranges::copy(run.initial.values(), run.final.values().begin());
  TrainedMaskedLm trained(model.config, {.dtype = model.dtype, .threads = model.threads});
  Optimizer optimizer(config, optimized_tensors(*layout, config.kind), 1);
  for (size_t step = 0; step < rates.size(); ++step) {
    const MaskedLmBatch& batch = batches[step % batches.size()];
    const auto labels =
        std::ranges::count_if(batch.labels, [](int32_t label) { return label != kNotPredicted; });
    trained.set_parameters(run.final);
    std::ranges::fill(gradients.values(), 0.0F);
    const double scale = 1 / static_cast<double>(labels);
    run.losses.push_back(scale * trained.forward_backward(batch, scale, 0, gradients).cross_entropy);
    const double clip = clip_factor(gradient_norm(gradients.values(), 1), clip_norm);
    optimizer.step(run.final.values(), gradients.values(), rates[step], clip);
  }
  return run;
}

// ||final - expected|| / ||expected - initial|| over all parameters together.
double relative_distance(const CaseFolder& folder, const CaseSpec& spec, const JsonObject& expected,
                         const Trajectory& run) {
  double difference = 0, change = 0;
  for (const ParameterInfo& info : run.final.layout().parameters()) {
    const auto want = require_tensor(folder, spec, expected.string(info.name, "")).to_floats();
    const auto found = run.final.of(info), start = run.initial.of(info);
    if (want.size() != found.size())
      fail(ErrorCode::kInvalidFile, "{}: {} has {} elements, want {}", expected.source(), info.name,
           want.size(), found.size());
    for (size_t i = 0; i < want.size(); ++i) {
      difference += std::pow(static_cast<double>(found[i]) - want[i], 2);
      change += std::pow(static_cast<double>(want[i]) - start[i], 2);
    }
  }
  return std::sqrt(difference / change);
}

// Of `losses` to the case's.
Difference loss_difference(const JsonObject& json, const std::vector<double>& losses) {
  const std::vector<double> want = read_numbers(json, "loss_per_step");
  if (want.size() != losses.size()) json.reject("loss_per_step", fmt::format("{} losses", losses.size()));
  Difference result;
  for (size_t i = 0; i < want.size(); ++i) {
    result.max_abs = std::max(result.max_abs, std::abs(losses[i] - want[i]));
    result.mean_abs += std::abs(losses[i] - want[i]) / static_cast<double>(want.size());
  }
  return result;
}

Bars loss_bars(const JsonObject& json, bool fp32) {
  if (fp32) return {.max_abs = json.require_object("tolerance").number("loss_abs", -1)};
  const Difference autocast = loss_difference(json, read_numbers(json, "loss_per_step_hf_autocast_bf16"));
  return {.max_abs = 2 * autocast.max_abs, .mean_abs = 1.25 * autocast.mean_abs};
}

}  // namespace

void run_trajectory_case(const CaseFolder& folder, const CaseSpec& spec, const GradientModel& model,
                         CaseReport& report) {
  const JsonObject json(spec.json, folder.source() + ": " + spec.name);
  const JsonObject settings = json.require_object("optimizer");
  const auto batches = read_batches(folder, spec, json);
  const Trajectory run = run_steps(model, read_optimizer(settings), read_numbers(json, "lr_per_step"),
                                   settings.number("gradient_clip_norm", 0), batches);
  const JsonObject tolerance = json.require_object("tolerance");
  const bool fp32 = report.dtype() != ComputeType::kBf16;
  report.add("losses", loss_difference(json, run.losses), loss_bars(json, fp32));
  const double distance = relative_distance(folder, spec, json.require_object("final_weights"), run);
  Bars bars;
  if (fp32) bars.max_abs = tolerance.number("relative_l2_of_weight_change", -1);
  report.add("weights", {distance, distance}, bars);
}

}  // namespace modernbert
