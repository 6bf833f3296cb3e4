// A classifier that learns: the encoder under any head other than the masked language model's.
#pragma once

#include <memory>
#include <vector>

#include "model/cost.h"
#include "modernbert/config.h"
#include "modernbert/token_batch.h"
#include "training/model/training_options.h"
#include "training/parameters.h"

namespace modernbert {

// What a head is to answer. The loss is a mean: over labels that are not -100, over elements of targets.
struct TaskLabels {
  // Sequence classification: [B] classes. Token classification: [T] classes or -100. Question answering:
  // [B,2] first and last token of the answer, counted in the sequence. Multiple choice: [B / choices] numbers
  // of choices.
  std::vector<int32_t> classes;
  // Sequence classification, regression and several labels at once: [B,num_labels].
  std::vector<float> targets;
};

// One thread at a time.
class TrainedTask {
 public:
  TrainedTask(const EncoderConfig& config, HeadKind head, const TrainingOptions& options);
  ~TrainedTask();
  // As TrainedModel's: `values` must live as long as passes follow.
  void set_parameters(const ParameterBlock& values);
  // gradients += d(scale * loss). Returns the loss.
  double forward_backward(const TokenBatch& batch, const TaskLabels& labels, double scale,
                          uint64_t dropout_key, ParameterBlock& gradients);

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace modernbert
