#include "model/attention_layout.h"

#include <algorithm>

#include "model/amx_attention_layout.h"
#include "model/panel_attention_layout.h"
#include "model/portable_attention_layout.h"
#include "ops/cpu/cpu_features.h"

namespace modernbert {
namespace {

// The kernels read a few rows past a head's last one.
constexpr int64_t kSpareRows = kAttentionLanes;

}  // namespace

std::unique_ptr<AttentionLayout> AttentionLayout::make(int64_t heads, int64_t head_dim, RowType type) {
  if (head_dim == kPanelHeadDim) {
    if (type == RowType::kBf16 && cpu_has_amx_bf16()) return std::make_unique<AmxAttentionLayout>(heads);
    if (const AttentionKernels* kernels = bf16_attention_kernels(); type == RowType::kBf16 && kernels)
      return std::make_unique<PanelAttentionLayout>(heads, *kernels);
    if (const AttentionKernels* kernels = fp32_attention_kernels(); type == RowType::kFp32 && kernels)
      return std::make_unique<PanelAttentionLayout>(heads, *kernels);
  }
  return std::make_unique<PortableAttentionLayout>(heads, head_dim);
}

int64_t AttentionLayout::padded_length(const TokenBatch& batch, int32_t sequence) const {
  return (batch.length(sequence) + row_multiple_ - 1) / row_multiple_ * row_multiple_;
}

void AttentionLayout::prepare(const TokenBatch& batch) {
  sequence_row_.clear();
  row_of_token_.clear();
  padded_rows_ = 0;
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    sequence_row_.push_back(padded_rows_);
    for (int32_t i = 0; i < batch.length(b); ++i) row_of_token_.push_back(padded_rows_ + i);
    padded_rows_ += padded_length(batch, b);
  }
  reserve(heads_ * padded_rows_ + kSpareRows);
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t row = batch.length(b); row < padded_length(batch, b); ++row) {
      for (int64_t h = 0; h < heads_; ++h) clear_key_and_value(row_number(h, first_row(b) + row));
    }
  }
}

// A head's blocks stay together, and with them its keys and values in one core's cache, as far as that leaves
// enough items to balance.
void AttentionLayout::list_items(const TokenBatch& batch, int64_t window, int threads,
                                 std::vector<AttentionItem>& items) const {
  constexpr int64_t kItemsPerThread = 8;
  items.clear();
  const auto rows = static_cast<int32_t>(block_rows());
  const auto cost_of = [&](int32_t sequence, int32_t begin) {
    return attention_block_keys(batch.visible_length(sequence), window, begin, rows);
  };
  int64_t total = 0;
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int32_t begin = 0; begin < batch.length(b); begin += rows) total += heads_ * cost_of(b, begin);
  }
  const int64_t limit = threads > 1 ? total / (threads * kItemsPerThread) : total;
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    AttentionItem item{b, 0, 0, 0, 0};
    const auto finish_item = [&] {
      for (item.head = 0; item.head < heads_; ++item.head) items.push_back(item);
      item = {b, 0, item.query_end, item.query_end, 0};
    };
    for (int32_t begin = 0; begin < batch.length(b); begin += rows) {
      const int64_t cost = cost_of(b, begin);
      if (item.cost > 0 && item.cost + cost > limit) finish_item();
      item.cost += cost;
      item.query_end = std::min(begin + rows, batch.length(b));
    }
    if (item.query_end > item.query_begin) finish_item();
  }
  std::ranges::stable_sort(items,
                           [](const AttentionItem& a, const AttentionItem& b) { return a.cost > b.cost; });
}

}  // namespace modernbert
