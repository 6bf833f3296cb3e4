#include "model/attention_layout.h"

#include <algorithm>

namespace modernbert {
namespace {

int64_t round_up(int64_t value) {
  return (value + kAttentionLanes - 1) / kAttentionLanes * kAttentionLanes;
}

// New memory is zeroed whole: padding columns are never written again, whatever the row layout.
void reserve_zeroed(AlignedBuffer<float>& buffer, size_t count) {
  if (buffer.capacity() >= count) return;
  buffer.reserve(count);
  std::fill_n(buffer.data(), count, 0.0f);
}

}  // namespace

AttentionLayout::AttentionLayout(int64_t heads, int64_t head_dim)
    : heads_(heads), padded_dim_(round_up(head_dim)) {}

void AttentionLayout::prepare(const TokenBatch& batch) {
  sequence_row_.clear();
  row_of_token_.clear();
  padded_rows_ = 0;
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    sequence_row_.push_back(padded_rows_);
    for (int32_t i = 0; i < batch.length(b); ++i) row_of_token_.push_back(padded_rows_ + i);
    padded_rows_ += round_up(batch.length(b));
  }
  reserve();
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    const int64_t begin = sequence_row_[static_cast<size_t>(b)] + batch.length(b);
    const int64_t count = round_up(batch.length(b)) - batch.length(b);
    for (int64_t h = 0; h < heads_; ++h) {
      std::fill_n(k(h, begin), count * padded_dim_, 0.0f);
      std::fill_n(v(h, begin), count * padded_dim_, 0.0f);
    }
  }
}

void AttentionLayout::reserve() {
  const auto count = static_cast<size_t>(heads_ * padded_rows_ * padded_dim_);
  reserve_zeroed(q_, count);
  reserve_zeroed(k_, count);
  reserve_zeroed(v_, count);
}

AttentionHead AttentionLayout::head(const TokenBatch& batch, int64_t sequence, int64_t head, int64_t window) {
  const int64_t row = sequence_row_[static_cast<size_t>(sequence)];
  const auto b = static_cast<int32_t>(sequence);
  const auto view = [&](float* data) { return MatView<const float>(data, batch.length(b), padded_dim_); };
  return {view(q(head, row)), view(k(head, row)), view(v(head, row)), batch.visible_length(b), window};
}

void AttentionLayout::list_items(const TokenBatch& batch, int64_t window,
                                 std::vector<AttentionItem>& items) const {
  items.clear();
  const auto rows = static_cast<int32_t>(attention_block_rows(window));
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    AttentionHead shape;
    shape.q = MatView<const float>(nullptr, batch.length(b), padded_dim_);
    shape.visible = batch.visible_length(b);
    shape.window = window;
    for (int32_t begin = 0; begin < batch.length(b); begin += rows) {
      const int64_t cost = attention_block_cost(shape, begin);
      for (int32_t h = 0; h < heads_; ++h) items.push_back({b, h, begin, cost});
    }
  }
  std::ranges::stable_sort(items,
                           [](const AttentionItem& a, const AttentionItem& b) { return a.cost > b.cost; });
}

}  // namespace modernbert
