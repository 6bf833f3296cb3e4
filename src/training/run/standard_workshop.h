// The parts of a real run: tokenized data sets and a trained encoder.
#pragma once

#include "training/run/pretraining.h"

namespace modernbert {

class StandardWorkshop : public RunWorkshop {
 public:
  std::unique_ptr<TrainedModel> make_model(const EncoderConfig& encoder, const Recipe& recipe,
                                           int threads) override;
  std::unique_ptr<BatchStream> make_training_data(const Recipe& recipe, const Tokenizer& tokenizer,
                                                  const Communicator& processes) override;
  std::vector<MaskedLmBatch> make_heldout(const Recipe& recipe, const Tokenizer& tokenizer) override;
  double activation_bytes_per_row(const EncoderConfig& encoder, const Recipe& recipe) override;
  // Empty: the stream's own state says what it was made with, and restoring it compares.
  Json data_identity(const Recipe& recipe) override;
};

}  // namespace modernbert
