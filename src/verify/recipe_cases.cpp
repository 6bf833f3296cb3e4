#include "verify/recipe_cases.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/fail.h"
#include "core/file.h"
#include "verify/case_inputs.h"
#include "verify/layer_recorder.h"
#include "verify/recipe_weights.h"

namespace modernbert {
namespace {

// Logits of so many rows are held at once: 25 MB at ModernBERT's vocabulary, whatever the input's length.
constexpr int64_t kLogitRows = 128;

// Mean and population standard deviation of many values.
class Moments {
 public:
  void add(std::span<const float> values) {
    for (const double x : values) {
      sum_ += x;
      squares_ += x * x;
    }
    count_ += static_cast<double>(values.size());
  }
  std::vector<float> mean_std() const {
    const double mean = sum_ / count_;
    const double variance = std::max(0.0, squares_ / count_ - mean * mean);
    return {static_cast<float>(mean), static_cast<float>(std::sqrt(variance))};
  }

 private:
  double sum_ = 0;
  double squares_ = 0;
  double count_ = 0;
};

struct RecipeRun {
  const CaseFolder& folder;
  const CaseSpec& spec;
  const RecipeModel& model;
  Matrix hidden;       // [T,H]
  Matrix hidden_rows;  // [R,H]
  Matrix row_logits;   // [R,V]
  LayerRecorder layers;
};

std::vector<float> to_vector(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::vector<float> logits_mean_std(const RecipeRun& run) {
  Moments moments;
  for (int64_t begin = 0; begin < run.hidden.rows(); begin += kLogitRows) {
    const int64_t count = std::min(kLogitRows, run.hidden.rows() - begin);
    moments.add(run.model.head.logits(run.hidden.view().slice_rows(begin, count)).values());
  }
  return moments.mean_std();
}

std::vector<float> hidden_mean_std(const RecipeRun& run) {
  Moments moments;
  moments.add(run.hidden.values());
  return moments.mean_std();
}

// [layers,P,H]: the raw output of every layer at the probed rows.
std::vector<float> layer_probe(const RecipeRun& run) {
  std::vector<float> values;
  const auto& states = run.layers.states();
  for (size_t i = 1; i < states.size(); ++i) {
    values.insert(values.end(), states[i].values().begin(), states[i].values().end());
  }
  return values;
}

// top10_ids as [R,K], checked.
std::vector<int32_t> top_ids(const RecipeRun& run) {
  const Tensor& tensor = require_input(run.folder, run.spec, "top10_ids");
  auto ids = tensor.to_ints();
  const bool fits =
      tensor.shape.size() == 2 && tensor.shape[0] == run.row_logits.rows() && tensor.shape[1] > 0;
  const auto in_vocabulary = [&](int32_t id) { return id >= 0 && id < run.row_logits.cols(); };
  if (!fits || !std::ranges::all_of(ids, in_vocabulary)) {
    fail(ErrorCode::kInvalidFile, "{}: top10_ids of case {} is {}, want token ids [{},10]", tensor.source,
         run.spec.name, tensor.shape_text(), run.row_logits.rows());
  }
  return ids;
}

std::vector<float> top_logits(const RecipeRun& run) {
  const auto ids = top_ids(run);
  const size_t per_row = ids.size() / static_cast<size_t>(run.row_logits.rows());
  std::vector<float> values;
  for (size_t k = 0; k < ids.size(); ++k) {
    values.push_back(run.row_logits.row(static_cast<int64_t>(k / per_row))[ids[k]]);
  }
  return values;
}

// A different first token is a mistake where the expected gap to the second one is wider than both of their
// errors may be.
void compare_first_tokens(const RecipeRun& run, const ExpectedOutput& output, CaseReport& report) {
  const Tensor& tensor = require_tensor(run.folder, run.spec, output.tensor);
  const auto ids = top_ids(run);
  const auto expected = tensor.to_floats();
  const size_t per_row = ids.size() / static_cast<size_t>(run.row_logits.rows());
  if (expected.size() != ids.size() || per_row < 2) return;  // compare() reports the shape
  const double bar = bars_of(output, report.dtype()).max_abs;
  for (int64_t r = 0; r < run.row_logits.rows(); ++r) {
    const auto logits = run.row_logits.row(r);
    const auto first = static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
    const double gap = static_cast<double>(expected[r * per_row]) - expected[r * per_row + 1];
    if (first != ids[r * per_row] && gap > 2 * bar) {
      report.mismatch(fmt::format("first token of row {} is {}, want {}", r, first, ids[r * per_row]));
    }
  }
}

std::vector<float> compute_output(const RecipeRun& run, const ExpectedOutput& output) {
  if (output.name == "hidden_rows") return to_vector(run.hidden_rows.values());
  if (output.name == "layer_probe") return layer_probe(run);
  if (output.name == "hidden_mean_std") return hidden_mean_std(run);
  if (output.name == "logits_mean_std") return logits_mean_std(run);
  if (output.name == "top10_logits") return top_logits(run);
  if (output.name == "full_logits_of_first_row") return to_vector(run.row_logits.row(0));
  fail(ErrorCode::kUnsupported, "{}: case {}: output {} is not implemented", run.folder.source(),
       run.spec.name, output.name);
}

}  // namespace

RecipeModel load_recipe_model(const CaseFolder& folder, const EncoderOptions& options) {
  const auto config_path = folder.path / "config.json";
  const EncoderConfig config = parse_config(read_file(config_path), config_path.string());
  const Json* constants = JsonObject(folder.json, folder.source()).find("recipe");
  if (constants == nullptr) fail(ErrorCode::kInvalidFile, "{}: no recipe for the weights", folder.source());
  const WeightRecipe recipe = read_weight_recipe(*constants, folder.source() + ": recipe");
  Weights weights =
      generate_weights(config, recipe, options.threads, folder.source() + " (generated weights)");
  const auto check_path = folder.path / "weights_check.json";
  if (const auto check = read_json_file_if_exists(check_path)) {
    check_generated_weights(weights, *check, check_path.string());
  }
  const EncoderPtr encoder = LoadedEncoder::from_weights(config, std::move(weights), options);
  return {encoder, MaskedLm(encoder)};
}

void run_recipe_case(const CaseFolder& folder, const CaseSpec& spec, const RecipeModel& model,
                     CaseReport& report) {
  const CaseInputs inputs = read_case_inputs(folder, spec);
  const auto rows = packed_rows(inputs, require_input(folder, spec, "rows"));
  RecipeRun run{folder,
                spec,
                model,
                {},
                {},
                {},
                LayerRecorder(packed_rows(inputs, require_input(folder, spec, "probe")))};
  if (rows.empty()) fail(ErrorCode::kInvalidFile, "{}: case {} has no rows", folder.source(), spec.name);
  run.hidden = model.encoder->forward(inputs.batch, &run.layers);
  run.hidden_rows = gather_rows(run.hidden.view(), rows);
  run.row_logits = model.head.logits(run.hidden_rows.view());
  for (const ExpectedOutput& output : spec.outputs) {
    report.compare(output, compute_output(run, output), require_tensor(folder, spec, output.tensor));
    if (output.name == "top10_logits") compare_first_tokens(run, output, report);
  }
}

}  // namespace modernbert
