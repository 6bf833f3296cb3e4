// The panel kernels' layout, worked on by the matrix unit: bf16, heads of 64.
#pragma once

#include "model/panel_attention_layout.h"

namespace modernbert {

// Only where cpu_has_amx_bf16().
class AmxAttentionLayout final : public PanelAttentionLayout {
 public:
  explicit AmxAttentionLayout(int64_t heads)
      : PanelAttentionLayout(heads, *bf16_attention_kernels(), kAmxGroupKeys) {}

  void attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
              AttentionThreadScratch& scratch, RowBuffer& context) const override;

 private:
  int64_t block_rows() const override { return AmxAttentionScratch::kBlockRows; }
};

}  // namespace modernbert
