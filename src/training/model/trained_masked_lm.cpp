#include "training/model/trained_masked_lm.h"

#include <algorithm>

#include "core/fail.h"
#include "model/encoder.h"
#include "ops/cpu/thread_scope.h"
#include "training/model/head_pass.h"
#include "training/model/resolve_options.h"

namespace modernbert {
namespace {

constexpr int64_t kLogitsBytes = int64_t{96} << 20;  // held at once

int64_t rows_of_logits(const EncoderConfig& config) {
  const int64_t rows = kLogitsBytes / (static_cast<int64_t>(sizeof(float)) * config.vocab_size);
  return std::max<int64_t>(64, rows / 64 * 64);
}

// Rows of the batch that are predicted, and what is expected there.
struct Predicted {
  std::vector<int64_t> rows;
  std::vector<int32_t> labels;
};

Predicted predicted_rows(const MaskedLmBatch& batch, int32_t vocabulary) {
  if (batch.labels.size() != batch.tokens.ids.size())
    fail(ErrorCode::kInvalidArgument, "{} labels for {} tokens", batch.labels.size(),
         batch.tokens.ids.size());
  Predicted predicted;
  for (size_t t = 0; t < batch.labels.size(); ++t) {
    const int32_t label = batch.labels[t];
    if (label == kNotPredicted) continue;
    if (label < 0 || label >= vocabulary)
      fail(ErrorCode::kInvalidArgument, "label {} of token {}, want one from 0 to {}, or {}", label, t,
           vocabulary - 1, kNotPredicted);
    predicted.rows.push_back(static_cast<int64_t>(t));
    predicted.labels.push_back(label);
  }
  return predicted;
}

}  // namespace

class TrainedMaskedLm::Impl {
 public:
  virtual ~Impl() = default;
  virtual void set_parameters(const ParameterBlock& values) = 0;
  // gradients: null, dropout_key: none for evaluation.
  virtual LossTerms run(const MaskedLmBatch& batch, double scale, std::optional<uint64_t> dropout_key,
                        ParameterBlock* gradients, const FinalGradients& final_from) = 0;
};

namespace {

template <class E>
class TypedMaskedLm final : public TrainedMaskedLm::Impl {
 public:
  TypedMaskedLm(const EncoderConfig& config, const TrainingOptions& options)
      : config_(config),
        options_(options),
        layout_(config_, HeadKind::kMaskedLm),
        places_(config_, HeadKind::kMaskedLm, layout_),
        encoder_(config_, options_, options_.threads, places_, weights_),
        head_(config_, config_.mlm_head, options_.threads, places_, weights_, rows_of_logits(config_)) {}

  void set_parameters(const ParameterBlock& values) override { weights_.set(values, options_.threads); }

  LossTerms run(const MaskedLmBatch& batch, double scale, std::optional<uint64_t> dropout_key,
                ParameterBlock* gradients, const FinalGradients& final_from) override {
    const ThreadScope threads(options_.threads);
    check_batch(batch.tokens, config_);
    const Predicted predicted = predicted_rows(batch, config_.vocab_size);
    if (predicted.rows.empty()) return {};
    const BatchRows rows(batch.tokens);
    gather(encoder_.forward(rows, dropout_key), predicted.rows);
    const auto count = static_cast<int64_t>(predicted.rows.size());
    head_.forward(gathered_.first(padded_rows(count)), count, {});
    const LossTerms terms = apply_loss(predicted.labels, scale, gradients);
    if (gradients != nullptr) {
      scatter(head_.backward(*gradients), predicted.rows);
      encoder_.backward(rows, *gradients, final_from);
    }
    return terms;
  }

 private:
  void gather(MatView<const E> hidden, const std::vector<int64_t>& rows) {
    const MatView<E> to = gathered_.resize(padded_rows(static_cast<int64_t>(rows.size())), hidden.cols);
    for (size_t i = 0; i < rows.size(); ++i)
      std::copy_n(hidden.row_data(rows[i]), hidden.cols, to.row_data(static_cast<int64_t>(i)));
    clear_padding(to, static_cast<int64_t>(rows.size()));
  }

  void scatter(MatView<const E> gradient, const std::vector<int64_t>& rows) {
    const MatView<float> to = encoder_.hidden_gradient();
    std::fill_n(to.data, to.rows * to.cols, 0.0f);
    for (size_t i = 0; i < rows.size(); ++i)
      add_to_rows<E>(gradient.slice_rows(static_cast<int64_t>(i), 1), to.slice_rows(rows[i], 1));
  }

  LossTerms apply_loss(const std::vector<int32_t>& labels, double scale, ParameterBlock* gradients) {
    std::vector<CrossEntropySums> sums(static_cast<size_t>(options_.threads));
    head_.apply_loss(
        [&](int64_t first, MatView<float> logits, MatView<E> gradient) {
          parallel_rows(options_.threads, logits.rows, [&](Range range, int share) {
            const std::span<const int32_t> part(labels.data() + first + range.begin,
                                                static_cast<size_t>(range.size()));
            sums[static_cast<size_t>(share)] += cross_entropy<E>(
                options_.loss, part, static_cast<float>(scale), logits.slice_rows(range.begin, range.size()),
                gradient.slice_rows(range.begin, range.size()));
          });
        },
        gradients);
    CrossEntropySums total;
    for (const CrossEntropySums& share : sums) total += share;
    return {total.cross_entropy, total.z_loss, static_cast<int64_t>(labels.size()), total.correct};
  }

  EncoderConfig config_;
  TrainingOptions options_;
  ParameterLayout layout_;
  ModelPlaces places_;
  ComputeWeights<E> weights_;
  EncoderPass<E> encoder_;
  HeadPass<E> head_;
  Rows<E> gathered_;
};

}  // namespace

TrainedMaskedLm::TrainedMaskedLm(const EncoderConfig& config, const TrainingOptions& options) {
  const TrainingOptions resolved = resolve_options(options);
  if (resolved.dtype == ComputeType::kBf16) {
    impl_ = std::make_unique<TypedMaskedLm<Bf16>>(config, resolved);
  } else {
    impl_ = std::make_unique<TypedMaskedLm<float>>(config, resolved);
  }
}

TrainedMaskedLm::~TrainedMaskedLm() = default;

void TrainedMaskedLm::set_parameters(const ParameterBlock& values) {
  impl_->set_parameters(values);
}

LossTerms TrainedMaskedLm::forward_backward(const MaskedLmBatch& batch, double scale, uint64_t dropout_key,
                                            ParameterBlock& gradients, const FinalGradients& final_from) {
  return impl_->run(batch, scale, dropout_key, &gradients, final_from);
}

LossTerms TrainedMaskedLm::evaluate(const MaskedLmBatch& batch) {
  return impl_->run(batch, 1, std::nullopt, nullptr, {});
}

}  // namespace modernbert
