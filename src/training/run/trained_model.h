// What the loop asks of a model and of its data. Interfaces, so that tests can drive the loop with small
// ones.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/json.h"
#include "corpus/masked_lm_batch.h"
#include "training/parameters.h"

namespace modernbert {

// Sums over the predicted tokens of a batch, not means.
struct LossTerms {
  double cross_entropy = 0;
  double z_loss = 0;
  int64_t labels = 0;
  int64_t correct = 0;

  LossTerms& operator+=(const LossTerms& other) {
    cross_entropy += other.cross_entropy;
    z_loss += other.z_loss;
    labels += other.labels;
    correct += other.correct;
    return *this;
  }
};

// Called in a backward pass: gradients from this offset of the block on are final. Offsets fall, the last one
// is 0 unless the batch predicts nothing. Empty = nobody wants to know.
using FinalGradients = std::function<void(int64_t offset)>;

class TrainedModel {
 public:
  virtual ~TrainedModel() = default;
  // Takes new values over; to be called after every optimiser step. Vectors and embeddings are not copied:
  // `values` must live as long as passes follow.
  virtual void set_parameters(const ParameterBlock& values) = 0;
  // gradients: accumulated, += d(scale * sum of losses).
  virtual LossTerms forward_backward(const MaskedLmBatch& batch, double scale, uint64_t dropout_key,
                                     ParameterBlock& gradients, const FinalGradients& final_from) = 0;
  LossTerms forward_backward(const MaskedLmBatch& batch, double scale, uint64_t dropout_key,
                             ParameterBlock& gradients) {
    return forward_backward(batch, scale, dropout_key, gradients, {});
  }
  virtual LossTerms evaluate(const MaskedLmBatch& batch) = 0;
};

// The micro-batches of a run, one after another without end; the stream can be continued from a saved state.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  // The run's next micro-batch; none where it belongs to another process.
  virtual std::optional<MaskedLmBatch> next() = 0;
  virtual Json state() const = 0;
  virtual void restore(const Json& state) = 0;
};

}  // namespace modernbert
