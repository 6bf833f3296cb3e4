#include "verify/gradient_cases.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/fail.h"
#include "ops/rowwise/cross_entropy.h"
#include "training/model/trained_masked_lm.h"
#include "training/model/trained_task.h"

namespace modernbert {
namespace {

JsonObject case_json(const CaseFolder& folder, const CaseSpec& spec) {
  return JsonObject(spec.json, folder.source() + ": " + spec.name);
}

HeadKind parse_head(const JsonObject& json) {
  const std::string head = usual_head(json.string("head", ""));
  if (head == "masked_lm") return HeadKind::kMaskedLm;
  if (head == "sequence_classification") return HeadKind::kSequenceClassification;
  if (head == "token_classification") return HeadKind::kTokenClassification;
  if (head == "question_answering") return HeadKind::kQuestionAnswering;
  if (head == "multiple_choice") return HeadKind::kMultipleChoice;
  json.reject("head", "a head with a loss");
}

// The case with its inputs, those of `prefix` under their plain names.
CaseSpec with_inputs(const CaseSpec& spec, const JsonObject& json, const std::string& prefix) {
  CaseSpec result = spec;
  const JsonObject inputs = json.require_object("inputs");
  for (const auto& [role, ignored] : inputs.json().items()) {
    if (role.starts_with(prefix)) result.inputs[role.substr(prefix.size())] = inputs.string(role, "");
  }
  return result;
}

struct Result {
  double loss = 0;
  ParameterBlock gradients;
};

CrossEntropyOptions loss_options(const JsonObject& json) {
  return {json.number("label_smoothing", 0), json.number("lse_square_scale", 0)};
}

TrainingOptions training_options(const GradientModel& model, const JsonObject& json) {
  TrainingOptions options;
  options.dtype = model.dtype;
  options.threads = model.threads;
  options.loss = loss_options(json);
  return options;
}

ParameterBlock make_block(const GradientModel& model, HeadKind head) {
  return ParameterBlock(std::make_shared<const ParameterLayout>(model.config, head));
}

Result train_masked_lm(const GradientModel& model, const TrainingOptions& options,
                       std::span<const MaskedLmBatch> batches) {
  ParameterBlock values = make_block(model, HeadKind::kMaskedLm);
  Result result{0, make_block(model, HeadKind::kMaskedLm)};
  load_parameters(model.weights, values);
  TrainedMaskedLm trained(model.config, options);
  trained.set_parameters(values);
  int64_t labels = 0;
  for (const MaskedLmBatch& batch : batches)
    labels += std::ranges::count_if(batch.labels, [](int32_t label) { return label != kNotPredicted; });
  const double scale = 1 / static_cast<double>(labels);
  for (const MaskedLmBatch& batch : batches) {
    const LossTerms terms = trained.forward_backward(batch, scale, 0, result.gradients);
    result.loss += scale * (terms.cross_entropy + terms.z_loss);
  }
  return result;
}

Result train_task(const GradientModel& model, HeadKind head, const TrainingOptions& options,
                  const CaseInputs& inputs, const Tensor& labels) {
  ParameterBlock values = make_block(model, head);
  Result result{0, make_block(model, head)};
  load_parameters(model.weights, values);
  TrainedTask trained(model.config, head, options);
  trained.set_parameters(values);
  TaskLabels task;
  if (is_floating(labels.dtype)) {
    task.targets = labels.to_floats();
  } else {
    task.classes = head == HeadKind::kTokenClassification ? packed_values(inputs, labels) : labels.to_ints();
  }
  result.loss = trained.forward_backward(inputs.batch, task, 1, 0, result.gradients);
  return result;
}

// A gradient's entry is its tensor's name, or an object with it.
std::string tensor_name(const JsonObject& expected, const std::string& name) {
  const Json* value = expected.find(name);
  return value != nullptr && value->is_string() ? value->get<std::string>()
                                                : expected.require_object(name).string("tensor", "");
}

// ||actual - expected|| / ||expected|| over all parameters together.
double relative_distance(const CaseFolder& folder, const CaseSpec& spec, const JsonObject& expected,
                         const ParameterBlock& actual) {
  double difference = 0, norm = 0;
  size_t found = 0;
  for (const auto& [name, ignored] : expected.json().items()) {
    const ParameterInfo* info = actual.layout().find(name);
    if (info == nullptr)
      fail(ErrorCode::kInvalidFile, "{}: {} is no parameter of the model", expected.source(), name);
    const auto values = require_tensor(folder, spec, tensor_name(expected, name)).to_floats();
    const auto gradient = actual.of(*info);
    if (values.size() != gradient.size())
      fail(ErrorCode::kInvalidFile, "{}: {} has {} elements, want {}", expected.source(), name, values.size(),
           gradient.size());
    for (size_t i = 0; i < values.size(); ++i) {
      difference += std::pow(static_cast<double>(gradient[i]) - values[i], 2);
      norm += std::pow(static_cast<double>(values[i]), 2);
    }
    ++found;
  }
  if (found != actual.layout().parameters().size())
    fail(ErrorCode::kInvalidFile, "{}: {} gradients, want {}", expected.source(), found,
         actual.layout().parameters().size());
  return std::sqrt(difference / norm);
}

void compare(const CaseFolder& folder, const CaseSpec& spec, const std::string& name, const Result& result,
             CaseReport& report) {
  const JsonObject json = case_json(folder, spec);
  const JsonObject tolerance = json.require_object("tolerance");
  const bool fp32 = report.dtype() != ComputeType::kBf16;
  const double loss_error =
      std::abs(result.loss - json.number(json.has("loss_value") ? "loss_value" : "loss", 0));
  Bars loss_bars;
  if (fp32) loss_bars.max_abs = tolerance.number("loss_abs", -1);
  report.add(name + "loss", {loss_error, loss_error}, loss_bars);
  const double distance = relative_distance(folder, spec, json.require_object("gradients"), result.gradients);
  const JsonObject errors = json.require_object("relative_l2_error_of_all_gradients");
  Bars bars;  // none where no bfloat16 run was made
  if (fp32) bars.max_abs = tolerance.number("relative_l2_of_all_gradients", -1);
  if (!fp32 && errors.has("hf_bf16_sdpa")) bars.max_abs = 1.25 * errors.number("hf_bf16_sdpa", -1);
  report.add(name + "gradients", {distance, distance}, bars);
}

MaskedLmBatch padded_batch(const CaseFolder& folder, const CaseSpec& spec) {
  const CaseInputs inputs = read_case_inputs(folder, spec);
  return {inputs.batch, packed_values(inputs, require_input(folder, spec, "labels"))};
}

std::vector<MaskedLmBatch> one_by_one(const MaskedLmBatch& packed) {
  std::vector<MaskedLmBatch> batches;
  for (int32_t b = 0; b < packed.tokens.sequences(); ++b) {
    const auto begin = static_cast<size_t>(packed.tokens.begin(b)),
               length = static_cast<size_t>(packed.tokens.length(b));
    MaskedLmBatch one;
    one.tokens.add(std::span(packed.tokens.ids).subspan(begin, length));
    const auto labels = std::span(packed.labels).subspan(begin, length);
    one.labels.assign(labels.begin(), labels.end());
    batches.push_back(std::move(one));
  }
  return batches;
}

// All documents in one row.
MaskedLmBatch packed_batch(const CaseFolder& folder, const CaseSpec& spec) {
  const auto ids = require_input(folder, spec, "input_ids").to_ints();
  const auto bounds = require_input(folder, spec, "cu_seqlens").to_ints();
  MaskedLmBatch batch;
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    if (bounds[i] < 0 || bounds[i + 1] <= bounds[i] || static_cast<size_t>(bounds[i + 1]) > ids.size())
      fail(ErrorCode::kInvalidFile, "{}: cu_seqlens of case {} do not ascend within the row", folder.source(),
           spec.name);
    batch.tokens.add(std::span(ids).subspan(static_cast<size_t>(bounds[i]),
                                            static_cast<size_t>(bounds[i + 1] - bounds[i])));
  }
  batch.labels = require_input(folder, spec, "labels").to_ints();
  return batch;
}

}  // namespace

GradientModel load_gradient_model(const std::filesystem::path& folder, ComputeType dtype, int threads) {
  const auto path = folder / "config.json";
  const Json json = read_json_file(path);
  const ComputeType resolved = dtype == ComputeType::kBf16 ? ComputeType::kBf16 : ComputeType::kFp32;
  return {parse_config(json.dump(), path.string()), Weights::open(folder), resolved, threads};
}

void run_gradient_case(const CaseFolder& folder, const CaseSpec& plain, const GradientModel& model,
                       CaseReport& report) {
  const JsonObject json = case_json(folder, plain);
  const CaseSpec spec = with_inputs(plain, json, "");
  const HeadKind head = parse_head(json);
  const TrainingOptions options = training_options(model, json);
  if (head == HeadKind::kMaskedLm) {
    const MaskedLmBatch batch = padded_batch(folder, spec);
    return compare(folder, spec, "", train_masked_lm(model, options, {&batch, 1}), report);
  }
  compare(
      folder, spec, "",
      train_task(model, head, options, read_case_inputs(folder, spec), require_input(folder, spec, "labels")),
      report);
}

void run_layout_case(const CaseFolder& folder, const CaseSpec& plain, const GradientModel& model,
                     CaseReport& report) {
  const JsonObject json = case_json(folder, plain);
  const TrainingOptions options = training_options(model, json);
  for (const std::string layout : {"right.", "left."}) {
    const MaskedLmBatch batch = padded_batch(folder, with_inputs(plain, json, layout));
    compare(folder, plain, layout, train_masked_lm(model, options, {&batch, 1}), report);
  }
  const MaskedLmBatch packed = packed_batch(folder, with_inputs(plain, json, "packed."));
  compare(folder, plain, "packed.", train_masked_lm(model, options, {&packed, 1}), report);
  compare(folder, plain, "one by one.", train_masked_lm(model, options, one_by_one(packed)), report);
}

void run_loss_case(const CaseFolder& folder, const CaseSpec& plain, CaseReport& report) {
  const JsonObject json = case_json(folder, plain);
  const CaseSpec spec = with_inputs(plain, json, "");
  const Tensor& stored = require_input(folder, spec, "logits");
  const auto labels = require_input(folder, spec, "labels").to_ints();
  if (stored.shape.size() != 2 || stored.shape[0] != static_cast<int64_t>(labels.size()))
    fail(ErrorCode::kInvalidFile, "{}: logits are {} for {} labels", stored.source, stored.shape_text(),
         labels.size());
  const auto values = stored.to_floats();
  const auto counted = std::ranges::count_if(labels, [](int32_t label) { return label != kNotPredicted; });
  const double scale = 1 / static_cast<double>(counted);
  Matrix logits(stored.shape[0], stored.shape[1]);
  CrossEntropySums sums;
  for (int64_t r = 0; r < logits.rows(); ++r) {
    const int32_t label = labels[static_cast<size_t>(r)];
    if (label == kNotPredicted) continue;  // its gradient stays zero
    if (label < 0 || label >= logits.cols())
      fail(ErrorCode::kInvalidFile, "{}: label {}", stored.source, label);
    std::copy_n(values.data() + r * logits.cols(), logits.cols(), logits.row(r).data());
    const MatView<float> row = logits.view().slice_rows(r, 1);
    sums += cross_entropy<float>(loss_options(json), {&label, 1}, static_cast<float>(scale), row, row);
  }
  const JsonObject tolerance = json.require_object("tolerance");
  const double relative = tolerance.number("loss_relative", -1);
  const auto check = [&](const std::string& name, double actual) {
    const double expected = json.number(name, 0), error = std::abs(actual - expected);
    report.add(name, {error, error}, {.max_abs = relative * std::abs(expected)});
  };
  check("loss", scale * (sums.cross_entropy + sums.z_loss));
  check("ce_loss", scale * sums.cross_entropy);
  check("z_loss", scale * sums.z_loss);
  report.compare("gradient", logits.values(),
                 require_tensor(folder, spec, json.string("gradient", "")).to_floats(),
                 {.max_abs = tolerance.number("gradient_abs", -1)});
}

}  // namespace modernbert
