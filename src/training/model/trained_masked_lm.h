// A masked language model that learns: the encoder and its head with gradients of everything.
#pragma once

#include <memory>

#include "corpus/masked_lm_batch.h"
#include "modernbert/config.h"
#include "training/model/training_options.h"
#include "training/parameters.h"
#include "training/run/trained_model.h"

namespace modernbert {

// One thread at a time. The same inputs, number of threads and CPU give the same bits. A batch's gradient is
// the sum of its documents' up to the rounding of sums, whatever they are packed with.
class TrainedMaskedLm : public TrainedModel {
 public:
  // Error (kInvalidArgument) for a type that cannot be trained in, and for rates outside [0,1).
  TrainedMaskedLm(const EncoderConfig& config, const TrainingOptions& options);
  ~TrainedMaskedLm() override;

  // Of HeadKind::kMaskedLm.
  void set_parameters(const ParameterBlock& values) override;
  // gradients += d(scale * sum of losses), z-loss included. dropout_key: the step's; documents' draws depend
  // on it and on their own content.
  LossTerms forward_backward(const MaskedLmBatch& batch, double scale, uint64_t dropout_key,
                             ParameterBlock& gradients, const FinalGradients& final_from) override;
  using TrainedModel::forward_backward;
  // Without dropout and gradients.
  LossTerms evaluate(const MaskedLmBatch& batch) override;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace modernbert
