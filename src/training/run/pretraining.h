// A whole pretraining run: from a recipe to a model folder, resumed where an earlier start left off.
//
// OUTPUT/recipe.yaml      the recipe, overrides applied
// OUTPUT/checkpoints/     see checkpoint/checkpoint_store.h
// OUTPUT/metrics.jsonl    OUTPUT/tensorboard/    OUTPUT/report.html
// OUTPUT/model/           the trained model, when the run has ended
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <vector>

#include "modernbert/tokenizer.h"
#include "training/distributed/communicator.h"
#include "training/recipe/recipe.h"
#include "training/report/run_events.h"
#include "training/run/run_model.h"
#include "training/run/trained_model.h"
#include "training/run/training_loop.h"

namespace modernbert {

// Makes the parts that a run is put together from.
class RunWorkshop {
 public:
  virtual ~RunWorkshop() = default;
  virtual std::unique_ptr<TrainedModel> make_model(const EncoderConfig& encoder, const Recipe& recipe,
                                                   int threads) = 0;
  virtual std::unique_ptr<BatchStream> make_training_data(const Recipe& recipe, const Tokenizer& tokenizer,
                                                          const Communicator& processes) = 0;
  // Micro-batches of held-out text, the same at every call; empty if the recipe has none.
  virtual std::vector<MaskedLmBatch> make_heldout(const Recipe& recipe, const Tokenizer& tokenizer) = 0;
  // Bytes that the model keeps between forward and backward for one row of the recipe's length.
  virtual double activation_bytes_per_row(const EncoderConfig& encoder, const Recipe& recipe) = 0;
  // What the data say of themselves: must not differ when a run is resumed.
  virtual Json data_identity(const Recipe& recipe) = 0;
};

struct PretrainingOptions {
  std::filesystem::path output;
  bool must_resume = false;  // an output folder without a checkpoint is an error
  bool only_summary = false;
  FindModel find_model;
  const std::atomic<int>* stop = nullptr;  // set to another value than 0: save and end
  // Those that train together: each calls pretrain() with the same recipe. The first one reads and writes
  // `output` and has an observer; the others need the data sets, the tokenizer and model.from only.
  Communicator* processes = nullptr;  // null: this one trains alone
};

// Errors: those of the recipe, of files, of a machine that is too small; a resumed run whose model,
// tokenizer, data or recipe differ (kInvalidArgument, with the fields); a damaged checkpoint (kInvalidFile,
// with the file); processes that start with different recipes or data; a lost process (kNetwork).
LoopEnd pretrain(const Recipe& recipe, const PretrainingOptions& options, RunWorkshop& workshop,
                 RunObserver& observer);

}  // namespace modernbert
