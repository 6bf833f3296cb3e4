// The endless stream of a run's sequences: parts of documents, shuffled anew every epoch, from several data
// sets in given proportions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "corpus/dataset.h"
#include "corpus/permutation.h"

namespace modernbert {

// A data set cut into windows: documents longer than `max_tokens` become several, none is cut off.
class WindowedDataset {
 public:
  // max_tokens: without the template's special tokens.
  WindowedDataset(Dataset dataset, uint32_t max_tokens);

  uint64_t windows() const { return first_window_.back(); }
  uint32_t length(uint64_t window) const;
  void copy(uint64_t window, std::span<int32_t> out) const;  // out: [length]
  const Dataset& dataset() const { return dataset_; }

 private:
  struct Place {
    uint64_t document;
    uint64_t begin;  // token of the document
    uint32_t length;
  };
  Place find(uint64_t window) const;

  Dataset dataset_;
  uint32_t max_tokens_;
  std::vector<uint64_t> first_window_ = {0};  // [documents + 1]
};

// Which window, of which pass over its data set.
struct SequenceRef {
  uint32_t dataset = 0;
  uint64_t epoch = 0;
  uint64_t window = 0;
  uint32_t length = 0;  // with special tokens: what packing counts
};

// How far a data set has been read.
struct SequencePosition {
  uint64_t epoch = 0;
  uint64_t place = 0;   // windows of this epoch handed out
  uint64_t tokens = 0;  // handed out in all epochs
};

class SequenceStream {
 public:
  // weights: of the tokens of each data set, any positive scale. special_tokens: of the template.
  SequenceStream(const std::vector<WindowedDataset>& datasets, std::vector<double> weights, uint64_t seed,
                 uint32_t special_tokens);

  // From the data set that is furthest behind its share of the tokens.
  SequenceRef next();

  const std::vector<SequencePosition>& positions() const { return positions_; }
  void set_positions(std::vector<SequencePosition> positions);

 private:
  const Permutation& order(size_t dataset);

  const std::vector<WindowedDataset>& datasets_;
  std::vector<double> weights_;
  uint64_t seed_;
  uint32_t special_tokens_;
  std::vector<SequencePosition> positions_;
  std::vector<std::optional<Permutation>> orders_;  // of the current epochs, made when needed
};

}  // namespace modernbert
