#include "verify/head_cases.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/fail.h"
#include "verify/case_inputs.h"
#include "verify/layer_recorder.h"
#include "verify/losses.h"

namespace modernbert {
namespace {

constexpr std::string_view kHiddenPrefix = "hidden_states.";

// One forward pass of a case and what its outputs are computed from.
struct HeadRun {
  const CaseFolder& folder;
  const CaseSpec& spec;
  const EncoderPtr& encoder;
  CaseInputs inputs;
  Matrix hidden;  // [T,H] after the final norm
  LayerRecorder layers;
};

bool wants_layers(const CaseSpec& spec) {
  return std::ranges::any_of(spec.outputs, [](const ExpectedOutput& output) {
    return output.name.starts_with(kHiddenPrefix) || output.layout == OutputLayout::kPerLayer;
  });
}

[[noreturn]] void reject_output(const HeadRun& run, std::string_view output) {
  fail(ErrorCode::kUnsupported, "{}: case {}: output {} of head {} is not implemented", run.folder.source(),
       run.spec.name, output, run.spec.head);
}

std::vector<int64_t> labelled_rows(const HeadRun& run) {
  const auto labels = packed_values(run.inputs, require_input(run.folder, run.spec, "labels"));
  std::vector<int64_t> rows;
  for (size_t t = 0; t < labels.size(); ++t) {
    if (labels[t] >= 0) rows.push_back(static_cast<int64_t>(t));
  }
  return rows;
}

// The rows of a [T,·] array that an output is compared at.
Matrix select(const HeadRun& run, MatView<const float> x, OutputLayout layout) {
  if (layout == OutputLayout::kRows) {
    return gather_rows(x, packed_rows(run.inputs, require_input(run.folder, run.spec, "rows")));
  }
  if (layout == OutputLayout::kLabelled) return gather_rows(x, labelled_rows(run));
  return copy_matrix(x);
}

Matrix layer_state(const HeadRun& run, const ExpectedOutput& output) {
  const std::string_view digits = std::string_view(output.name).substr(kHiddenPrefix.size());
  size_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  const auto& states = run.layers.states();
  if (error != std::errc() || end != digits.data() + digits.size() || index >= states.size()) {
    fail(ErrorCode::kInvalidFile, "{}: case {}: output {}, want a layer from 0 to {}", run.folder.source(),
         run.spec.name, output.name, states.size() - 1);
  }
  return select(run, states[index].view(), output.layout);
}

// Logits of the case's head at the rows that the layout names (heads with a row per sequence have no layout).
Matrix head_logits(const HeadRun& run, OutputLayout layout) {
  const std::string& head = run.spec.head;
  const auto& batch = run.inputs.batch;
  if (head == "masked_lm") return MaskedLm(run.encoder).logits(select(run, run.hidden.view(), layout).view());
  if (head == "token_classification") {
    return TokenClassifier(run.encoder).logits(select(run, run.hidden.view(), layout).view());
  }
  if (head == "question_answering") {
    return QuestionAnswerer(run.encoder).logits(select(run, run.hidden.view(), layout).view());
  }
  if (head == "sequence_classification") {
    return SequenceClassifier(run.encoder).logits(batch, run.hidden.view());
  }
  if (head == "multiple_choice") return MultipleChoice(run.encoder).logits(batch, run.hidden.view());
  reject_output(run, "logits");
}

Matrix answer_logits(const HeadRun& run, const ExpectedOutput& output, int64_t column) {
  if (run.spec.head != "question_answering") reject_output(run, output.name);
  const Matrix x = head_logits(run, output.layout);
  Matrix out(x.rows(), 1);
  for (int64_t i = 0; i < x.rows(); ++i) out.row(i)[0] = x.row(i)[column];
  return out;
}

double sequence_loss(const HeadRun& run, const Tensor& labels) {
  const Matrix logits = head_logits(run, OutputLayout::kWhole);
  const auto problem = resolve_problem_type(run.encoder->config(), !is_floating(labels.dtype));
  if (problem == ProblemType::kSingleLabel) {
    if (labels.elements() != logits.rows()) {
      fail(ErrorCode::kInvalidFile, "{}: labels are {}, want [{}]", labels.source, labels.shape_text(),
           logits.rows());
    }
    return cross_entropy(logits.view(), labels.to_ints());
  }
  std::vector<float> targets;
  if (is_floating(labels.dtype)) {
    targets = labels.to_floats();
  } else {
    for (const int32_t label : labels.to_ints()) targets.push_back(static_cast<float>(label));
  }
  if (targets.size() != logits.values().size()) {
    fail(ErrorCode::kInvalidFile, "{}: labels are {}, want [{},{}]", labels.source, labels.shape_text(),
         logits.rows(), logits.cols());
  }
  return problem == ProblemType::kRegression ? mean_squared_error(logits.values(), targets)
                                             : binary_cross_entropy_with_logits(logits.values(), targets);
}

double choice_loss(const HeadRun& run, const Tensor& labels) {
  const Matrix logits = head_logits(run, OutputLayout::kWhole);  // [batch * choices, 1]
  const int64_t batch = labels.elements();
  if (batch == 0 || logits.rows() % batch != 0) {
    fail(ErrorCode::kInvalidFile, "{}: {} labels for {} choices", labels.source, batch, logits.rows());
  }
  const MatView<const float> per_question(logits.values().data(), batch, logits.rows() / batch);
  return cross_entropy(per_question, labels.to_ints());
}

double head_loss(const HeadRun& run) {
  const Tensor& labels = require_input(run.folder, run.spec, "labels");
  const std::string& head = run.spec.head;
  if (head == "sequence_classification") return sequence_loss(run, labels);
  if (head == "multiple_choice") return choice_loss(run, labels);
  if (head == "masked_lm" || head == "token_classification") {
    return cross_entropy(head_logits(run, OutputLayout::kPacked).view(), packed_values(run.inputs, labels));
  }
  reject_output(run, "loss");
}

Matrix compute_output(const HeadRun& run, const ExpectedOutput& output) {
  const std::string& name = output.name;
  if (name == "last_hidden_state") return select(run, run.hidden.view(), output.layout);
  if (name.starts_with(kHiddenPrefix)) return layer_state(run, output);
  if (name == "pooler_output") return BertPooler(run.encoder).pooled(run.inputs.batch, run.hidden.view());
  if (name == "logits" || name == "logits_pooling_real_tokens_only") return head_logits(run, output.layout);
  if (name == "start_logits") return answer_logits(run, output, 0);
  if (name == "end_logits") return answer_logits(run, output, 1);
  if (name == "loss") {
    Matrix loss(1, 1);
    loss.row(0)[0] = static_cast<float>(head_loss(run));
    return loss;
  }
  reject_output(run, name);
}

}  // namespace

void run_head_case(const CaseFolder& folder, const CaseSpec& spec, const EncoderPtr& encoder,
                   CaseReport& report) {
  HeadRun run{folder, spec, encoder, read_case_inputs(folder, spec), Matrix(), LayerRecorder()};
  run.hidden = encoder->forward(run.inputs.batch, wants_layers(spec) ? &run.layers : nullptr);
  for (const ExpectedOutput& output : spec.outputs) {
    const Matrix actual = compute_output(run, output);
    report.compare(output, actual.values(), require_tensor(folder, spec, output.tensor));
  }
}

}  // namespace modernbert
