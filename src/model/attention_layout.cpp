#include "model/attention_layout.h"

#include <algorithm>
#include <cstring>

#include "ops/convert.h"

namespace modernbert {
namespace {

// The kernels read a few rows past a head's last one.
constexpr int64_t kSpareRows = kAttentionLanes;

int64_t round_up(int64_t value) {
  return (value + kAttentionLanes - 1) / kAttentionLanes * kAttentionLanes;
}

// New memory is zeroed whole: padding columns are never written again, whatever the row layout.
void reserve_zeroed(AlignedBuffer<uint32_t>& buffer, size_t count) {
  if (buffer.capacity() >= count) return;
  buffer.reserve(count);
  std::fill_n(buffer.data(), count, 0u);
}

}  // namespace

AttentionLayout::AttentionLayout(int64_t heads, int64_t head_dim, bool uses_bf16)
    : heads_(heads),
      uses_bf16_(uses_bf16 && has_bf16_attention(head_dim)),
      row_words_(uses_bf16_ ? kBf16HeadDim / 2 : round_up(head_dim)) {}

void AttentionLayout::prepare(const TokenBatch& batch) {
  sequence_row_.clear();
  row_of_token_.clear();
  padded_rows_ = 0;
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    sequence_row_.push_back(padded_rows_);
    for (int32_t i = 0; i < batch.length(b); ++i) row_of_token_.push_back(padded_rows_ + i);
    padded_rows_ += round_up(batch.length(b));
  }
  const auto count = static_cast<size_t>((heads_ * padded_rows_ + kSpareRows) * row_words_);
  for (AlignedBuffer<uint32_t>* buffer : {&q_, &k_, &v_}) reserve_zeroed(*buffer, count);
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    const int64_t begin = sequence_row_[static_cast<size_t>(b)] + batch.length(b);
    for (int64_t h = 0; h < heads_; ++h) clear_rows(h, begin, round_up(batch.length(b)) - batch.length(b));
  }
}

void AttentionLayout::clear_rows(int64_t head, int64_t begin, int64_t count) {
  std::fill_n(k_.data() + word(head, begin), count * row_words_, 0u);
  if (!uses_bf16_) {
    std::fill_n(v_.data() + word(head, begin), count * row_words_, 0u);
    return;
  }
  const std::vector<float> zeros(static_cast<size_t>(kBf16HeadDim));
  for (int64_t row = begin; row < begin + count; ++row) store_bf16(QkvPart::kValue, head, row, zeros);
}

void AttentionLayout::store(QkvPart part, int64_t head, int64_t token, std::span<const float> values) {
  const int64_t row = row_of_token_[static_cast<size_t>(token)];
  if (uses_bf16_) return store_bf16(part, head, row, values);
  AlignedBuffer<uint32_t>& buffer = part == QkvPart::kQuery ? q_ : part == QkvPart::kKey ? k_ : v_;
  std::memcpy(buffer.data() + word(head, row), values.data(), values.size_bytes());
}

void AttentionLayout::store_bf16(QkvPart part, int64_t head, int64_t row, std::span<const float> values) {
  if (part != QkvPart::kValue) {
    AlignedBuffer<uint32_t>& buffer = part == QkvPart::kQuery ? q_ : k_;
    convert_to_bf16(values, {reinterpret_cast<Bf16*>(buffer.data() + word(head, row)), values.size()});
    return;
  }
  // Two neighbouring keys share words; each writes its own halves.
  auto* halves = reinterpret_cast<Bf16*>(v_.data() + value_pair(head, row)) + row % 2;
  for (size_t i = 0; i < values.size(); ++i) halves[2 * i] = to_bf16(values[i]);
}

void AttentionLayout::attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
                             AttentionThreadScratch& scratch, MatView<float> out) const {
  const int64_t row = sequence_row_[static_cast<size_t>(item.sequence)];
  const int64_t length = batch.length(item.sequence), visible = batch.visible_length(item.sequence);
  const size_t first = word(item.head, row);
  if (uses_bf16_) {
    const Bf16AttentionHead head{q_.data() + first,
                                 k_.data() + first,
                                 v_.data() + value_pair(item.head, row),
                                 length,
                                 visible,
                                 window};
    return attention_block_bf16(head, item.query_begin, scratch.bf16, out);
  }
  const auto view = [&](const AlignedBuffer<uint32_t>& buffer) {
    return MatView<const float>(reinterpret_cast<const float*>(buffer.data() + first), length, row_words_);
  };
  const AttentionHead head{view(q_), view(k_), view(v_), visible, window};
  attention_block(head, item.query_begin, scratch.fp32, out);
}

void AttentionLayout::list_items(const TokenBatch& batch, int64_t window,
                                 std::vector<AttentionItem>& items) const {
  items.clear();
  const auto rows =
      static_cast<int32_t>(uses_bf16_ ? Bf16AttentionScratch::kRows : attention_block_rows(window));
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int32_t begin = 0; begin < batch.length(b); begin += rows) {
      const int64_t cost = attention_block_keys(batch.visible_length(b), window, begin, rows);
      for (int32_t h = 0; h < heads_; ++h) items.push_back({b, h, begin, cost});
    }
  }
  std::ranges::stable_sort(items,
                           [](const AttentionItem& a, const AttentionItem& b) { return a.cost > b.cost; });
}

}  // namespace modernbert
