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

PredictionHead masked_lm_head(const LoadedEncoder& encoder, const Checkpoint& checkpoint) {
  return {encoder, encoder.config().mlm_head, checkpoint.mlm_head()};
}

PredictionHead token_head(const LoadedEncoder& encoder, const Checkpoint& checkpoint) {
  return {encoder, encoder.config().token_head, checkpoint.token_head()};
}

PredictionHead sequence_head(const LoadedEncoder& encoder, const Checkpoint& checkpoint) {
  return {encoder, encoder.config().sequence_head, checkpoint.sequence_head()};
}

std::unique_ptr<Linear> projection(const LoadedEncoder& encoder, const LinearParams& params) {
  return encoder.make_head_linear(params.weight.view(), params.bias);
}

}  // namespace

ProjectionHead::ProjectionHead(PredictionHead head, std::unique_ptr<Linear> linear, int threads)
    : head_(std::move(head)), projection_(std::move(linear)), threads_(threads) {}

Matrix ProjectionHead::logits(MatView<const float> hidden) const {
  Matrix y(hidden.rows, projection_->out_features());
  apply_linear(*projection_, head_.apply(hidden).view(), y.view(), threads_);
  return y;
}

MaskedLm::MaskedLm(const EncoderPtr& encoder)
    : ProjectionHead(masked_lm_head(*encoder, checkpoint_of(encoder)),
                     projection(*encoder, checkpoint_of(encoder).mlm_decoder()), encoder->threads()) {}

TokenClassifier::TokenClassifier(const EncoderPtr& encoder)
    : ProjectionHead(token_head(*encoder, checkpoint_of(encoder)),
                     projection(*encoder, checkpoint_of(encoder).classifier(encoder->config().num_labels)),
                     encoder->threads()) {}

QuestionAnswerer::QuestionAnswerer(const EncoderPtr& encoder)
    : ProjectionHead(token_head(*encoder, checkpoint_of(encoder)),
                     projection(*encoder, checkpoint_of(encoder).question_answering_outputs()),
                     encoder->threads()) {}

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
    : ProjectionHead(sequence_head(*encoder, checkpoint_of(encoder)),
                     projection(*encoder, checkpoint_of(encoder).classifier(encoder->config().num_labels)),
                     encoder->threads()),
      pooling_(encoder->config().classifier_pooling) {}

Matrix SequenceClassifier::logits(const TokenBatch& batch, MatView<const float> hidden) const {
  return ProjectionHead::logits(pool_sequences(batch, hidden, pooling_).view());
}

MultipleChoice::MultipleChoice(const EncoderPtr& encoder)
    : ProjectionHead(sequence_head(*encoder, checkpoint_of(encoder)),
                     projection(*encoder, checkpoint_of(encoder).classifier(1)), encoder->threads()),
      pooling_(encoder->config().classifier_pooling) {}

Matrix MultipleChoice::logits(const TokenBatch& batch, MatView<const float> hidden) const {
  return ProjectionHead::logits(pool_sequences(batch, hidden, pooling_).view());
}

BertPooler::BertPooler(const EncoderPtr& encoder)
    : head_(*encoder, pooler_config(), {checkpoint_of(encoder).bert_pooler(), std::nullopt}) {}

Matrix BertPooler::pooled(const TokenBatch& batch, MatView<const float> hidden) const {
  return head_.apply(pool_sequences(batch, hidden, ClassifierPooling::kCls).view());
}

}  // namespace modernbert
