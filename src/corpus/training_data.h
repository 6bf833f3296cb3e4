// Training data as the training loop sees it: packed, masked micro-batches, one after another, without end.
//
//   TrainingData data({.datasets = {{"books.tokens", 0.7}, {"code.tokens", 0.3}}, .max_length = 1024});
//   const MaskedLmBatch batch = *data.next();
//   save(data.state());                        // and later data.restore(…) goes on with the batch after it
//
// The stream is a function of the options alone, not of threads, timing or restarts. A thread of its own
// makes the next batches while the caller computes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "corpus/dataset.h"
#include "corpus/masked_lm_batch.h"
#include "corpus/masking.h"
#include "modernbert/tokenizer.h"

namespace modernbert {

struct MixtureEntry {
  std::filesystem::path folder;  // made by prepare_dataset
  double weight = 0;             // share of the tokens, any scale; 0 for all = as many as each has
};

// kGreedy: sequences share rows, see greedy_packer.h. kPadded: as encoders were trained before, one sequence
// a row; [PAD] tokens fill it up to max_length. They are computed like any others, as a sequence of their
// own: no real token sees them, none is predicted.
enum class RowPacking { kGreedy, kPadded };

// "greedy", "padded". Error (kInvalidFile) for anything else; names field, value and choices.
RowPacking parse_packing(std::string_view name, std::string_view field);
std::string_view to_string(RowPacking packing);

struct TrainingDataOptions {
  std::vector<MixtureEntry> datasets;
  int32_t max_length = 1024;          // tokens of a sequence, special ones included
  int32_t micro_batch_tokens = 8192;  // most tokens of a micro-batch, at least max_length
  int32_t packed_together = 16;       // micro-batches that are packed at once: more are fuller
  RowPacking packing = RowPacking::kGreedy;
  MaskingOptions masking;
  uint64_t seed = 0;
  // Micro-batch n of the run belongs to rank n % ranks, so that any number of ranks together see the same
  // micro-batches as one alone.
  int32_t rank = 0;
  int32_t ranks = 1;
  int32_t prefetch = 4;  // micro-batches of this rank made ahead
};

// Not thread-safe.
class TrainingData {
 public:
  // Errors: those of Dataset::open; kInvalidArgument for options out of range, data sets of different
  // tokenizers, an empty data set.
  explicit TrainingData(const TrainingDataOptions& options);
  ~TrainingData();
  TrainingData(const TrainingData&) = delete;
  TrainingData& operator=(const TrainingData&) = delete;

  // The next micro-batch of the run; none where it belongs to another rank.
  std::optional<MaskedLmBatch> next();

  // Where the stream stands after the last next(). Good for any number of ranks, whichever of them saved it.
  Json state() const;
  // Error (kInvalidArgument) where `state` comes from other data, another tokenizer or other options; says
  // what differs. kInvalidFile where it is no such state.
  void restore(const Json& state);

  uint64_t tokens() const;  // of one pass over all data sets, special tokens of the sequences not counted
  const Tokenizer& tokenizer() const;
  const std::string& tokenizer_sha256() const;  // of the tokenizer.json that the data sets were made with

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The held-out part of the data sets once, in order: micro-batches of at most micro_batch_tokens tokens,
// never padded, masked by the seed. At most max_tokens tokens (0 = all).
std::vector<MaskedLmBatch> held_out_batches(const TrainingDataOptions& options, int64_t max_tokens = 0);

}  // namespace modernbert
