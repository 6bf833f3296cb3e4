// Heads: hidden states to logits. Small classes on top of LoadedEncoder; all are immutable and thread-safe.
// Constructors throw Error{kNotFound} that names the first missing tensor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/loaded_encoder.h"
#include "modernbert/config.h"
#include "modernbert/token_batch.h"
#include "tensor/matrix.h"

namespace modernbert {

// dense -> activation -> norm, as EncoderConfig says; identity where no part is configured.
class PredictionHead;

using EncoderPtr = std::shared_ptr<const LoadedEncoder>;

// Logits over the vocabulary.
class MaskedLm {
 public:
  explicit MaskedLm(EncoderPtr encoder);
  ~MaskedLm();
  // hidden: [R,H], any rows of the last hidden states. Returns [R,V].
  Matrix logits(MatView<const float> hidden) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// One row of num_labels logits per sequence.
class SequenceClassifier {
 public:
  explicit SequenceClassifier(EncoderPtr encoder);
  ~SequenceClassifier();
  // hidden: [T,H] of the batch. Returns [B,num_labels].
  Matrix logits(const TokenBatch& batch, MatView<const float> hidden) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// One row of num_labels logits per token.
class TokenClassifier {
 public:
  explicit TokenClassifier(EncoderPtr encoder);
  ~TokenClassifier();
  // hidden: [R,H]. Returns [R,num_labels].
  Matrix logits(MatView<const float> hidden) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// Start and end logits per token.
class QuestionAnswerer {
 public:
  explicit QuestionAnswerer(EncoderPtr encoder);
  ~QuestionAnswerer();
  // hidden: [R,H]. Returns [R,2]: start, end.
  Matrix logits(MatView<const float> hidden) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// One logit per sequence (= per choice).
class MultipleChoice {
 public:
  explicit MultipleChoice(EncoderPtr encoder);
  ~MultipleChoice();
  // Returns [B,1].
  Matrix logits(const TokenBatch& batch, MatView<const float> hidden) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// Classic BERT's pooler: tanh(dense(first token)).
class BertPooler {
 public:
  explicit BertPooler(EncoderPtr encoder);
  ~BertPooler();
  // Returns [B,H].
  Matrix pooled(const TokenBatch& batch, MatView<const float> hidden) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace modernbert
