// Heads: hidden states to logits. Small classes on top of LoadedEncoder; all are immutable and thread-safe.
// Constructors throw Error{kNotFound} that names the head, its first missing tensor and what the checkpoint
// is for; kInvalidFile where a tensor has another shape.
#pragma once

#include <memory>

#include "model/head_kind.h"
#include "model/loaded_encoder.h"
#include "model/prediction_head.h"
#include "modernbert/token_batch.h"
#include "tensor/matrix.h"

namespace modernbert {

using EncoderPtr = std::shared_ptr<const LoadedEncoder>;

// What every head is: a prediction head and a projection behind it.
class ProjectionHead {
 public:
  // hidden: [R,H]. Returns [R,outputs].
  Matrix logits(MatView<const float> hidden) const;

 protected:
  struct Parts {
    PredictionHead head;
    std::unique_ptr<Linear> projection;
    int threads;
  };
  explicit ProjectionHead(Parts parts)
      : head_(std::move(parts.head)), projection_(std::move(parts.projection)), threads_(parts.threads) {}
  // read_head: (const Checkpoint&) -> PredictionHeadParams.   read_projection: (const Checkpoint&) ->
  // LinearParams.
  template <class ReadHead, class ReadProjection>
  static Parts load(const LoadedEncoder& encoder, HeadKind kind, const PredictionHeadConfig& config,
                    const ReadHead& read_head, const ReadProjection& read_projection);

 private:
  PredictionHead head_;
  std::unique_ptr<Linear> projection_;
  int threads_;
};

// Logits over the vocabulary, [R,V] for any rows of the last hidden states.
class MaskedLm : public ProjectionHead {
 public:
  explicit MaskedLm(const EncoderPtr& encoder);
};

// num_labels logits per token.
class TokenClassifier : public ProjectionHead {
 public:
  explicit TokenClassifier(const EncoderPtr& encoder);
};

// Start and end logits per token.
class QuestionAnswerer : public ProjectionHead {
 public:
  explicit QuestionAnswerer(const EncoderPtr& encoder);
};

// Rows of a batch reduced to one per sequence: the first token's, or the mean or the largest numbers of the
// sequence's.   Returns [B,H].
Matrix pool_sequences(const TokenBatch& batch, MatView<const float> hidden, ClassifierPooling pooling);

// num_labels logits per sequence.
class SequenceClassifier : public ProjectionHead {
 public:
  explicit SequenceClassifier(const EncoderPtr& encoder);
  // hidden: [T,H] of the batch. Returns [B,num_labels].
  Matrix logits(const TokenBatch& batch, MatView<const float> hidden) const;

 private:
  ClassifierPooling pooling_;
};

// One logit per sequence (= per choice).
class MultipleChoice : public ProjectionHead {
 public:
  explicit MultipleChoice(const EncoderPtr& encoder);
  // Returns [B,1].
  Matrix logits(const TokenBatch& batch, MatView<const float> hidden) const;

 private:
  ClassifierPooling pooling_;
};

// Classic BERT's pooler: tanh(dense(first token)).
class BertPooler {
 public:
  explicit BertPooler(const EncoderPtr& encoder);
  // Returns [B,H].
  Matrix pooled(const TokenBatch& batch, MatView<const float> hidden) const;

 private:
  PredictionHead head_;
};

}  // namespace modernbert
