#include "training/model/trained_task.h"

#include <algorithm>
#include <limits>

#include "core/fail.h"
#include "corpus/masked_lm_batch.h"
#include "model/encoder.h"
#include "model/heads.h"
#include "ops/cpu/thread_scope.h"
#include "training/model/head_pass.h"
#include "training/model/resolve_options.h"
#include "training/model/task_losses.h"

namespace modernbert {
namespace {

bool is_pooled(HeadKind head) {
  return head == HeadKind::kSequenceClassification || head == HeadKind::kMultipleChoice;
}

int64_t checked_label(int32_t label, int64_t count) {
  if (label < 0 || label >= count)
    fail(ErrorCode::kInvalidArgument, "label {}, want one from 0 to {}", label, count - 1);
  return label;
}

// The loss of a head's logits, [R,outputs], and its gradient.
class TaskLoss {
 public:
  TaskLoss(const EncoderConfig& config, HeadKind head, const TokenBatch& batch, const TaskLabels& labels,
           double scale)
      : config_(config), head_(head), batch_(batch), labels_(labels), scale_(scale) {}

  double operator()(MatView<const float> logits, MatView<float> gradient) const {
    switch (head_) {
      case HeadKind::kQuestionAnswering:
        return answers(logits, gradient);
      case HeadKind::kMultipleChoice:
        return choices(logits, gradient);
      default:
        return labels_.targets.empty() ? classes(logits, gradient) : targets(logits, gradient);
    }
  }

 private:
  void require(size_t found, int64_t wanted, const char* what) const {
    if (static_cast<int64_t>(found) != wanted)
      fail(ErrorCode::kInvalidArgument, "{} {}, want {}", found, what, wanted);
  }

  double classes(MatView<const float> logits, MatView<float> gradient) const {
    require(labels_.classes.size(), logits.rows, "labels");
    const auto counted = std::ranges::count_if(labels_.classes, [](int32_t c) { return c != kNotPredicted; });
    double loss = 0;
    for (int64_t r = 0; r < logits.rows; ++r) {
      const int32_t label = labels_.classes[static_cast<size_t>(r)];
      if (label == kNotPredicted) {
        std::ranges::fill(gradient.row(r), 0.0f);
        continue;
      }
      checked_label(label, logits.cols);
      loss += softmax_loss({logits.row_data(r), 1, gradient.row_data(r), 1, logits.cols}, label,
                           1 / static_cast<double>(counted), scale_);
    }
    return loss;
  }

  double targets(MatView<const float> logits, MatView<float> gradient) const {
    require(labels_.targets.size(), logits.rows * logits.cols, "targets");
    const bool regression = config_.problem_type == ProblemType::kRegression ||
                            (config_.problem_type == ProblemType::kUnset && config_.num_labels == 1);
    return regression ? squared_error_loss(logits, labels_.targets, scale_, gradient)
                      : binary_loss(logits, labels_.targets, scale_, gradient);
  }

  // A softmax over the tokens of each sequence for each end of the answer.
  double answers(MatView<const float> logits, MatView<float> gradient) const {
    require(labels_.classes.size(), 2 * batch_.sequences(), "labels");
    double loss = 0;
    for (int32_t b = 0; b < batch_.sequences(); ++b) {
      for (int64_t end = 0; end < 2; ++end) {
        const int32_t label = labels_.classes[static_cast<size_t>(2 * b + end)];
        checked_label(label, batch_.length(b));
        const int64_t first = batch_.begin(b);
        loss += softmax_loss({logits.row_data(first) + end, logits.stride, gradient.row_data(first) + end,
                              gradient.stride, batch_.length(b)},
                             label, 0.5 / batch_.sequences(), scale_);
      }
    }
    return loss;
  }

  double choices(MatView<const float> logits, MatView<float> gradient) const {
    const auto questions = static_cast<int64_t>(labels_.classes.size());
    if (questions == 0 || logits.rows % questions != 0)
      fail(ErrorCode::kInvalidArgument, "{} labels for {} sequences", questions, logits.rows);
    const int64_t count = logits.rows / questions;
    double loss = 0;
    for (int64_t q = 0; q < questions; ++q) {
      const int32_t label = labels_.classes[static_cast<size_t>(q)];
      checked_label(label, count);
      loss += softmax_loss(
          {logits.row_data(q * count), logits.stride, gradient.row_data(q * count), gradient.stride, count},
          label, 1 / static_cast<double>(questions), scale_);
    }
    return loss;
  }

  const EncoderConfig& config_;
  HeadKind head_;
  const TokenBatch& batch_;
  const TaskLabels& labels_;
  double scale_;
};

}  // namespace

class TrainedTask::Impl {
 public:
  virtual ~Impl() = default;
  virtual void set_parameters(const ParameterBlock& values) = 0;
  virtual double run(const TokenBatch& batch, const TaskLabels& labels, double scale, uint64_t dropout_key,
                     ParameterBlock& gradients) = 0;
};

namespace {

// The encoder computes in E; the head is small and nearest to the answer, and stays in fp32 as in inference.
template <class E>
class TypedTask final : public TrainedTask::Impl {
 public:
  TypedTask(const EncoderConfig& config, HeadKind head, const TrainingOptions& options)
      : config_(config),
        kind_(head),
        options_(options),
        layout_(config_, head),
        places_(config_, head, layout_),
        encoder_(config_, options_, options_.threads, places_, weights_),
        head_(config_, head_config(), options_.threads, places_, head_weights_,
              std::numeric_limits<int64_t>::max()) {}

  void set_parameters(const ParameterBlock& values) override {
    weights_.set(values, options_.threads);
    head_weights_.set(values, options_.threads, first_of_head());
  }

  double run(const TokenBatch& batch, const TaskLabels& labels, double scale, uint64_t dropout_key,
             ParameterBlock& gradients) override {
    const ThreadScope threads(options_.threads);
    check_batch(batch, config_);
    const BatchRows rows(batch);
    const MatView<const E> hidden = encoder_.forward(rows, dropout_key);
    const int64_t count = is_pooled(kind_) ? batch.sequences() : rows.count;
    head_.forward(is_pooled(kind_) ? pool(batch, hidden) : copy(hidden), count,
                  {options_.classifier_dropout, random_hash(dropout_key, kClassifierSite)});
    const TaskLoss task_loss(config_, kind_, batch, labels, scale);
    double loss = 0;
    head_.apply_loss(
        [&](int64_t, MatView<float> logits, MatView<float> gradient) {
          const MatView<float> exact = gradient_.resize(logits.rows, logits.cols);
          loss = task_loss({logits.data, logits.rows, logits.cols, logits.stride}, exact);
          round_rows<float>(exact, gradient);
        },
        &gradients);
    const MatView<const float> dhidden = head_.backward(gradients);
    is_pooled(kind_) ? unpool(batch, dhidden) : widen(dhidden);
    encoder_.backward(rows, gradients);
    return loss;
  }

 private:
  static constexpr uint64_t kClassifierSite = uint64_t{1} << 32;  // no site of a layer

  // Heads follow the encoder in the block.
  int64_t first_of_head() const {
    return head_config().dense ? places_.dense.weight : places_.projection.weight;
  }
  const PredictionHeadConfig& head_config() const {
    return is_pooled(kind_) ? config_.sequence_head : config_.token_head;
  }

  MatView<const float> copy(MatView<const E> hidden) {
    const MatView<float> to = rows_.resize(hidden.rows, hidden.cols);
    std::fill_n(to.data, to.rows * to.cols, 0.0f);
    add_to_rows<E>(hidden, to);
    return to;
  }

  MatView<const float> pool(const TokenBatch& batch, MatView<const E> hidden) {
    const MatView<float> pooled = rows_.resize(padded_rows(batch.sequences()), hidden.cols);
    std::fill_n(pooled.data, pooled.rows * pooled.cols, 0.0f);
    const Matrix exact = exact_rows(hidden);
    const Matrix rows = pool_sequences(batch, exact.view(), config_.classifier_pooling);
    for (int32_t b = 0; b < batch.sequences(); ++b) std::ranges::copy(rows.row(b), pooled.row(b).begin());
    if (config_.classifier_pooling == ClassifierPooling::kMax) remember_largest(batch, exact);
    return pooled;
  }

  static Matrix exact_rows(MatView<const E> hidden) {
    Matrix rows(hidden.rows, hidden.cols);
    add_to_rows<E>(hidden, rows.view());
    return rows;
  }

  // Which token each pooled number came from; the first of equals.
  void remember_largest(const TokenBatch& batch, const Matrix& hidden) {
    largest_.assign(static_cast<size_t>(batch.sequences() * hidden.cols()), 0);
    for (int32_t b = 0; b < batch.sequences(); ++b) {
      for (int64_t c = 0; c < hidden.cols(); ++c) {
        int32_t best = batch.begin(b);
        for (int32_t t = best; t < batch.begin(b + 1); ++t) {
          if (hidden.row(t)[static_cast<size_t>(c)] > hidden.row(best)[static_cast<size_t>(c)]) best = t;
        }
        largest_[static_cast<size_t>(b * hidden.cols() + c)] = best;
      }
    }
  }

  void unpool(const TokenBatch& batch, MatView<const float> gradient) {
    const MatView<float> to = encoder_.hidden_gradient();
    std::fill_n(to.data, to.rows * to.cols, 0.0f);
    for (int32_t b = 0; b < batch.sequences(); ++b) {
      if (config_.classifier_pooling == ClassifierPooling::kMax) {
        for (int64_t c = 0; c < to.cols; ++c)
          to.row_data(largest_[static_cast<size_t>(b * to.cols + c)])[c] = gradient.row_data(b)[c];
        continue;
      }
      const bool mean = config_.classifier_pooling == ClassifierPooling::kMean;
      const int32_t tokens = mean ? batch.length(b) : 1;
      for (int32_t t = 0; t < tokens; ++t) {
        const MatView<float> row = to.slice_rows(batch.begin(b) + t, 1);
        add_to_rows<float>(gradient.slice_rows(b, 1), row);
        for (float& value : row.row(0)) value /= static_cast<float>(tokens);
      }
    }
  }

  void widen(MatView<const float> gradient) {
    const MatView<float> to = encoder_.hidden_gradient();
    std::fill_n(to.data, to.rows * to.cols, 0.0f);
    add_to_rows<float>(gradient.slice_rows(0, to.rows), to);
  }

  EncoderConfig config_;
  HeadKind kind_;
  TrainingOptions options_;
  ParameterLayout layout_;
  ModelPlaces places_;
  ComputeWeights<E> weights_;
  EncoderPass<E> encoder_;
  ComputeWeights<float> head_weights_;
  HeadPass<float> head_;
  Rows<float> rows_, gradient_;
  std::vector<int32_t> largest_;  // [B,H] tokens, for pooling by the largest number
};

}  // namespace

TrainedTask::TrainedTask(const EncoderConfig& config, HeadKind head, const TrainingOptions& options) {
  if (head == HeadKind::kNone || head == HeadKind::kMaskedLm)
    fail(ErrorCode::kInvalidArgument, "TrainedTask: the head must be a classifier");
  const TrainingOptions resolved = resolve_options(options);
  if (resolved.dtype == ComputeType::kBf16) {
    impl_ = std::make_unique<TypedTask<Bf16>>(config, head, resolved);
  } else {
    impl_ = std::make_unique<TypedTask<float>>(config, head, resolved);
  }
}

TrainedTask::~TrainedTask() = default;

void TrainedTask::set_parameters(const ParameterBlock& values) {
  impl_->set_parameters(values);
}

double TrainedTask::forward_backward(const TokenBatch& batch, const TaskLabels& labels, double scale,
                                     uint64_t dropout_key, ParameterBlock& gradients) {
  return impl_->run(batch, labels, scale, dropout_key, gradients);
}

}  // namespace modernbert
