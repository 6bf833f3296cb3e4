// What a token of a variant costs.
#pragma once

#include <cstdint>

#include "training/recipe/recipe.h"
#include "training/run/pretraining.h"
#include "training/run/run_model.h"

namespace modernbert {

// An interface, so that tests can plan without training.
class CostMeter {
 public:
  virtual ~CostMeter() = default;
  // Of the masked language model.
  virtual int64_t parameters(const Recipe& recipe) = 0;
  // Forward and backward, for a token of real text: what is computed for padding counts as its cost.
  virtual double flops_per_token(const Recipe& recipe) = 0;
  // One measurement of training, by all processes together.
  virtual double seconds_per_token(const Recipe& recipe) = 0;
};

// FLOPs by model/cost.h over the first micro-batches of the variant's own data; seconds from whole optimiser
// steps on them, whose results are thrown away. This process alone is measured; the others are taken to be as
// fast, and their exchange of gradients to be hidden.
class TrainingCostMeter : public CostMeter {
 public:
  // workshop, processes: must outlive the meter.
  TrainingCostMeter(RunWorkshop& workshop, FindModel find_model, const Communicator& processes)
      : workshop_(workshop), find_model_(std::move(find_model)), processes_(processes) {}
  int64_t parameters(const Recipe& recipe) override;
  double flops_per_token(const Recipe& recipe) override;
  double seconds_per_token(const Recipe& recipe) override;

 private:
  RunWorkshop& workshop_;
  FindModel find_model_;
  const Communicator& processes_;
};

}  // namespace modernbert
