// Greedy best-fit packing of sequences into bins, step by step as the ModernBERT authors' packer does it
// (FlexBERT's sequence_packer.py), so that its batches come out the same.
//
// A batch is `bins` bins of at most `bin_tokens` tokens. Sequences wait in a buffer; each goes into the
// fullest bin that still takes it, or waits for the next batch. A batch is done when the waiting ones leave
// no room for new ones, or nothing comes any more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace modernbert {

enum class WaitingOrder { kReversed, kInOrder };

struct PackingOptions {
  size_t source_batch = 0;  // sequences that are fetched at once
  size_t bins = 0;
  uint64_t bin_tokens = 0;
  size_t buffer = 0;  // most sequences that wait; at least 2 * source_batch
  WaitingOrder waiting = WaitingOrder::kReversed;
};

// Item: has a member `length` in tokens, from 1 to bin_tokens; a length of 0 is fetched and dropped.
template <class Item>
class GreedyPacker {
 public:
  using Bins = std::vector<std::vector<Item>>;

  // fetch: the next sequence, nullopt at the end of the data.
  GreedyPacker(const PackingOptions& options, std::function<std::optional<Item>()> fetch)
      : options_(options), fetch_(std::move(fetch)) {}

  // The next batch. nullopt once a bin would be empty: what is left at the end of the data is dropped.
  std::optional<Bins> next() {
    Bins bins(options_.bins);
    std::vector<uint64_t> room(options_.bins, options_.bin_tokens);
    std::deque<Item> unplaced;
    while (!buffer_.empty() || fill(unplaced.size())) {
      Item item = std::move(buffer_.front());
      buffer_.pop_front();
      const size_t bin = best_fit(room, item.length);
      if (bin == bins.size()) {
        unplaced.push_back(std::move(item));
      } else {
        room[bin] -= item.length;
        bins[bin].push_back(std::move(item));
      }
    }
    if (options_.waiting == WaitingOrder::kInOrder) std::reverse(unplaced.begin(), unplaced.end());
    for (Item& item : unplaced) buffer_.push_front(std::move(item));
    for (const auto& bin : bins) {
      if (bin.empty()) return std::nullopt;
    }
    return bins;
  }

  // The sequences that wait: with the source's position the whole state between two batches.
  const std::deque<Item>& waiting() const { return buffer_; }
  void set_waiting(std::deque<Item> items) { buffer_ = std::move(items); }

 private:
  // Index of the fullest bin with room for `length`, the first of equals; room.size() if there is none.
  static size_t best_fit(const std::vector<uint64_t>& room, uint64_t length) {
    size_t best = room.size();
    for (size_t bin = 0; bin < room.size(); ++bin) {
      if (room[bin] >= length && (best == room.size() || room[bin] < room[best])) best = bin;
    }
    return best;
  }

  // Fetches whole source batches. The comparison with the buffer's size is strict in the original.
  bool fill(size_t unplaced) {
    size_t fetched = 0;
    while (!at_end_ && options_.buffer - buffer_.size() > options_.source_batch &&
           fetched + options_.source_batch + unplaced <= options_.buffer) {
      for (size_t i = 0; i < options_.source_batch && !at_end_; ++i) {
        std::optional<Item> item = fetch_();
        at_end_ = !item;
        if (item && item->length > 0) buffer_.push_back(std::move(*item));
      }
      fetched += options_.source_batch;
    }
    return !buffer_.empty();
  }

  PackingOptions options_;
  std::function<std::optional<Item>()> fetch_;
  std::deque<Item> buffer_;
  bool at_end_ = false;
};

}  // namespace modernbert
