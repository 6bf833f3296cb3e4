#include "model/heads.h"

#include <algorithm>

namespace modernbert {
namespace {

Checkpoint checkpoint_of(const EncoderPtr& encoder) {
  return {encoder->config(), encoder->weights()};
}

PredictionHeadConfig pooler_config() {
  return {
      .dense = true, .dense_bias = true, .activation = Activation::kTanh, .norm = false, .norm_bias = false};
}

PredictionHeadParams sequence_head(const Checkpoint& checkpoint) {
  return checkpoint.sequence_head();
}

PredictionHeadParams token_head(const Checkpoint& checkpoint) {
  return checkpoint.token_head();
}

// Reads a classifier of so many outputs.
auto classifier(int64_t outputs) {
  return [outputs](const Checkpoint& checkpoint) { return checkpoint.classifier(outputs); };
}

}  // namespace

template <class ReadHead, class ReadProjection>
ProjectionHead::Parts ProjectionHead::load(const LoadedEncoder& encoder, HeadKind kind,
                                           const PredictionHeadConfig& config, const ReadHead& read_head,
                                           const ReadProjection& read_projection) {
  const Checkpoint checkpoint(encoder.config(), encoder.weights());
  try {
    PredictionHead head(encoder, config, read_head(checkpoint));
    const LinearParams params = read_projection(checkpoint);
    return {std::move(head), encoder.make_head_linear(params.weight.view(), params.bias), encoder.threads()};
  } catch (const Error& error) {
    throw_missing_head(error, kind, encoder.config());
  }
}

Matrix ProjectionHead::logits(MatView<const float> hidden) const {
  Matrix y(hidden.rows, projection_->out_features());
  apply_linear(*projection_, head_.apply(hidden).view(), y.view(), threads_);
  return y;
}

MaskedLm::MaskedLm(const EncoderPtr& encoder)
    : ProjectionHead(load(
          *encoder, HeadKind::kMaskedLm, encoder->config().mlm_head,
          [](const Checkpoint& checkpoint) { return checkpoint.mlm_head(); },
          [](const Checkpoint& checkpoint) { return checkpoint.mlm_decoder(); })) {}

TokenClassifier::TokenClassifier(const EncoderPtr& encoder)
    : ProjectionHead(load(*encoder, HeadKind::kTokenClassification, encoder->config().token_head, token_head,
                          classifier(encoder->config().num_labels))) {}

QuestionAnswerer::QuestionAnswerer(const EncoderPtr& encoder)
    : ProjectionHead(
          load(*encoder, HeadKind::kQuestionAnswering, encoder->config().token_head, token_head,
               [](const Checkpoint& checkpoint) { return checkpoint.question_answering_outputs(); })) {}

Matrix pool_sequences(const TokenBatch& batch, MatView<const float> hidden, ClassifierPooling pooling) {
  Matrix pooled(batch.sequences(), hidden.cols);
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    const std::span<float> row = pooled.row(b);
    std::ranges::copy(hidden.row(batch.begin(b)), row.begin());
    if (pooling == ClassifierPooling::kCls) continue;
    for (int32_t t = batch.begin(b) + 1; t < batch.begin(b) + batch.length(b); ++t) {
      const std::span<const float> token = hidden.row(t);
      for (size_t i = 0; i < row.size(); ++i)
        row[i] = pooling == ClassifierPooling::kMax ? std::max(row[i], token[i]) : row[i] + token[i];
    }
    if (pooling == ClassifierPooling::kMax) continue;
    for (float& value : row) value /= static_cast<float>(batch.length(b));
  }
  return pooled;
}

SequenceClassifier::SequenceClassifier(const EncoderPtr& encoder)
    : ProjectionHead(load(*encoder, HeadKind::kSequenceClassification, encoder->config().sequence_head,
                          sequence_head, classifier(encoder->config().num_labels))),
      pooling_(encoder->config().classifier_pooling) {}

Matrix SequenceClassifier::logits(const TokenBatch& batch, MatView<const float> hidden) const {
  return ProjectionHead::logits(pool_sequences(batch, hidden, pooling_).view());
}

MultipleChoice::MultipleChoice(const EncoderPtr& encoder)
    : ProjectionHead(load(*encoder, HeadKind::kMultipleChoice, encoder->config().sequence_head, sequence_head,
                          classifier(1))),
      pooling_(encoder->config().classifier_pooling) {}

Matrix MultipleChoice::logits(const TokenBatch& batch, MatView<const float> hidden) const {
  return ProjectionHead::logits(pool_sequences(batch, hidden, pooling_).view());
}

BertPooler::BertPooler(const EncoderPtr& encoder)
    : head_(*encoder, pooler_config(),
            {.dense = checkpoint_of(encoder).bert_pooler(), .norm = std::nullopt}) {}

Matrix BertPooler::pooled(const TokenBatch& batch, MatView<const float> hidden) const {
  return head_.apply(pool_sequences(batch, hidden, ClassifierPooling::kCls).view());
}

}  // namespace modernbert
