// The layout of the panel attention kernels: words of fp32 or of bf16 pairs, heads of 64.
#pragma once

#include "model/attention_layout.h"

namespace modernbert {

class PanelAttentionLayout : public AttentionLayout {
 public:
  PanelAttentionLayout(int64_t heads, const AttentionKernels& kernels,
                       int64_t row_multiple = kAttentionKeyGroup)
      : AttentionLayout(heads, kPanelHeadDim, row_multiple), kernels_(kernels) {}

  void store(QkvPart part, int64_t head, int64_t token, MatView<const float> rows,
             const Rotation& rotation) override;
  void attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
              AttentionThreadScratch& scratch, RowBuffer& context) const override;

 protected:
  PanelAttentionHead head_of(const TokenBatch& batch, const AttentionItem& item, int64_t window) const;
  // Where the item's output row of query 0 of its sequence plus `begin` starts.
  std::byte* output_of(const TokenBatch& batch, const AttentionItem& item, int64_t begin,
                       RowBuffer& context) const;

 private:
  int64_t neighbours(int64_t token, int64_t most, const Rotation& rotation) const;
  // Of tokens from `token` on whose rows are number `number` and the following ones.
  void store_neighbours(QkvPart part, int64_t number, int64_t token, MatView<const float> rows,
                        const Rotation& rotation);

  void reserve(int64_t rows) override;
  void clear_key_and_value(int64_t row_number) override;
  int64_t block_rows() const override { return kAttentionBlockRows; }

  const AttentionKernels& kernels_;
  AlignedBuffer<uint32_t> q_, k_;  // [rows, row words]
  AlignedBuffer<uint32_t> v_;      // [rows / values per word, 64]
};

}  // namespace modernbert
