// What the loop asks of a model and of its data. Interfaces, so that tests can drive the loop with small
// ones.
#pragma once

#include <cstdint>

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
};

class TrainedModel {
 public:
  virtual ~TrainedModel() = default;
  // Takes new values over; to be called after every optimiser step.
  virtual void set_parameters(const ParameterBlock& values) = 0;
  // gradients: accumulated, += d(scale * sum of losses).
  virtual LossTerms forward_backward(const MaskedLmBatch& batch, double scale, uint64_t dropout_key,
                                     ParameterBlock& gradients) = 0;
  virtual LossTerms evaluate(const MaskedLmBatch& batch) = 0;
};

// An endless stream of micro-batches that can be continued from a saved state.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  virtual MaskedLmBatch next() = 0;
  virtual Json state() const = 0;
  virtual void restore(const Json& state) = 0;
};

}  // namespace modernbert
