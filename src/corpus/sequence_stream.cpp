#include "corpus/sequence_stream.h"

#include <algorithm>

#include "core/check.h"
#include "core/random.h"

namespace modernbert {

WindowedDataset::WindowedDataset(Dataset dataset, uint32_t max_tokens)
    : dataset_(std::move(dataset)), max_tokens_(max_tokens) {
  MB_CHECK(max_tokens > 0);
  first_window_.reserve(dataset_.documents() + 1);
  for (uint64_t document = 0; document < dataset_.documents(); ++document) {
    const uint64_t windows = (dataset_.length(document) + max_tokens - 1) / max_tokens;
    first_window_.push_back(first_window_.back() + windows);
  }
}

WindowedDataset::Place WindowedDataset::find(uint64_t window) const {
  MB_DCHECK(window < windows());
  const auto after = std::upper_bound(first_window_.begin(), first_window_.end(), window);
  const auto document = static_cast<uint64_t>(after - first_window_.begin()) - 1;
  const uint64_t begin = (window - first_window_[document]) * max_tokens_;
  const uint64_t left = dataset_.length(document) - begin;
  return {document, begin, static_cast<uint32_t>(std::min<uint64_t>(left, max_tokens_))};
}

uint32_t WindowedDataset::length(uint64_t window) const {
  return find(window).length;
}

void WindowedDataset::copy(uint64_t window, std::span<int32_t> out) const {
  const Place place = find(window);
  MB_CHECK(out.size() == place.length);
  dataset_.copy(place.document, place.begin, out);
}

SequenceStream::SequenceStream(const std::vector<WindowedDataset>& datasets, std::vector<double> weights,
                               uint64_t seed, uint32_t special_tokens)
    : datasets_(datasets),
      weights_(std::move(weights)),
      seed_(seed),
      special_tokens_(special_tokens),
      positions_(datasets.size()),
      orders_(datasets.size()) {
  MB_CHECK(weights_.size() == datasets_.size() && !datasets_.empty());
}

const Permutation& SequenceStream::order(size_t dataset) {
  auto& order = orders_[dataset];
  if (!order) {
    const uint64_t key = random_hash(random_hash(seed_, dataset), positions_[dataset].epoch);
    order.emplace(datasets_[dataset].windows(), key);
  }
  return *order;
}

SequenceRef SequenceStream::next() {
  size_t behind = 0;
  const auto progress = [&](size_t i) { return static_cast<double>(positions_[i].tokens) / weights_[i]; };
  for (size_t i = 1; i < positions_.size(); ++i) {
    if (progress(i) < progress(behind)) behind = i;
  }
  SequencePosition& position = positions_[behind];
  SequenceRef sequence{static_cast<uint32_t>(behind), position.epoch, order(behind)[position.place], 0};
  sequence.length = datasets_[behind].length(sequence.window) + special_tokens_;
  position.tokens += sequence.length;
  if (++position.place == datasets_[behind].windows()) {
    position.place = 0;
    ++position.epoch;
    orders_[behind].reset();
  }
  return sequence;
}

void SequenceStream::set_positions(std::vector<SequencePosition> positions) {
  MB_CHECK(positions.size() == positions_.size());
  positions_ = std::move(positions);
  for (auto& order : orders_) order.reset();
}

}  // namespace modernbert
