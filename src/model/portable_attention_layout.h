// The layout of the portable attention kernel: rows of floats, any head size.
#pragma once

#include "model/attention_layout.h"

namespace modernbert {

class PortableAttentionLayout final : public AttentionLayout {
 public:
  PortableAttentionLayout(int64_t heads, int64_t head_dim);

  void store(QkvPart part, int64_t head, int64_t token, MatView<const float> rows,
             const Rotation& rotation) override;
  void attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
              AttentionThreadScratch& scratch, RowBuffer& context) const override;

 private:
  void reserve(int64_t rows) override;
  void clear_key_and_value(int64_t row_number) override;
  int64_t block_rows() const override { return kAttentionBlockRows; }

  int64_t row_floats_;              // head_dim, rounded up to the kernel's lanes; the rest is zero
  AlignedBuffer<float> q_, k_, v_;  // [rows, row floats]
};

}  // namespace modernbert
