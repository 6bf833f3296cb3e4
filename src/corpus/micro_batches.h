// The synchronous core of TrainingData: data sets, stream, packer and masking put together.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "corpus/greedy_packer.h"
#include "corpus/sequence_stream.h"
#include "corpus/training_data.h"

namespace modernbert {

// All data sets of a run, opened and checked.
class TrainingCorpus {
 public:
  TrainingCorpus(const TrainingDataOptions& options, DatasetPart part);

  const std::vector<WindowedDataset>& datasets() const { return datasets_; }
  const std::vector<double>& weights() const { return weights_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  uint32_t special_tokens() const { return static_cast<uint32_t>(tokenizer_.special_token_count(false)); }
  // Sequences with the template's special tokens around them, masked; with what fills their rows, if padded.
  MaskedLmBatch make_batch(std::span<const SequenceRef> sequences) const;
  // What a state must agree with, as fields for messages.
  Json identity() const;

 private:
  void fill_row(uint32_t length, MaskedLmBatch& batch) const;

  TrainingDataOptions options_;
  Tokenizer tokenizer_;
  Masking masking_;
  std::vector<WindowedDataset> datasets_;
  std::vector<double> weights_;
};

// Packs batch after batch of the corpus; a position can be saved and returned to.
class MicroBatches {
 public:
  MicroBatches(const TrainingCorpus& corpus, const TrainingDataOptions& options);
  MicroBatches(const MicroBatches&) = delete;
  MicroBatches& operator=(const MicroBatches&) = delete;

  // The next micro-batch of the run; none where it is another rank's, which costs nothing.
  std::optional<MaskedLmBatch> next();

  // The start of the packed batch that is being handed out, and how many micro-batches the run has had.
  struct Position {
    std::vector<SequencePosition> datasets;
    std::deque<SequenceRef> waiting;
    uint64_t first = 0;  // number of the packed batch's first micro-batch in the run
    uint64_t done = 0;   // micro-batches that the run has had; >= first
  };
  Position position() const;
  void set_position(const Position& position);

 private:
  using Bins = GreedyPacker<SequenceRef>::Bins;
  void pack();
  Bins padded_bins();
  void go_to(uint64_t number);

  const TrainingCorpus& corpus_;
  TrainingDataOptions options_;
  SequenceStream stream_;
  GreedyPacker<SequenceRef> packer_;
  Bins bins_;  // of the packed batch; empty = not packed yet
  Position position_;
};

Json to_json(const MicroBatches::Position& position);
// source: what messages call it. Error (kInvalidFile) for anything that no run with `corpus` can have
// written.
MicroBatches::Position read_position(const Json& value, const TrainingCorpus& corpus,
                                     const std::string& source);

}  // namespace modernbert
