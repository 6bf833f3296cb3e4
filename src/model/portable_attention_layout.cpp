#include "model/portable_attention_layout.h"

#include <algorithm>

namespace modernbert {

PortableAttentionLayout::PortableAttentionLayout(int64_t heads, int64_t head_dim)
    : AttentionLayout(heads, head_dim),
      row_floats_((head_dim + kAttentionLanes - 1) / kAttentionLanes * kAttentionLanes) {}

// New memory is zeroed whole: padding columns are never written again.
void PortableAttentionLayout::reserve(int64_t rows) {
  const auto count = static_cast<size_t>(rows * row_floats_);
  for (AlignedBuffer<float>* buffer : {&q_, &k_, &v_}) {
    if (buffer->capacity() >= count) continue;
    buffer->reserve(count);
    std::fill_n(buffer->data(), count, 0.0f);
  }
}

void PortableAttentionLayout::clear_key_and_value(int64_t row_number) {
  std::fill_n(k_.data() + row_number * row_floats_, row_floats_, 0.0f);
  std::fill_n(v_.data() + row_number * row_floats_, row_floats_, 0.0f);
}

void PortableAttentionLayout::store(QkvPart part, int64_t head, int64_t token, MatView<const float> rows,
                                    const Rotation& rotation) {
  AlignedBuffer<float>& buffer = part == QkvPart::kQuery ? q_ : part == QkvPart::kKey ? k_ : v_;
  const float scale = part == QkvPart::kQuery ? rotation.query_scale : 1.0f;
  for (int64_t r = 0; r < rows.rows; ++r) {
    const std::span<float> to(buffer.data() + row_number(head, row_of_token(token + r)) * row_floats_,
                              static_cast<size_t>(head_dim()));
    if (part != QkvPart::kValue && rotation.table != nullptr) {
      rope_rotate(rows.row(r), rotation.cos(token + r), rotation.sin(token + r), scale, to);
    } else {
      std::ranges::transform(rows.row(r), to.begin(), [scale](float value) { return value * scale; });
    }
  }
}

void PortableAttentionLayout::attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
                                     AttentionThreadScratch& scratch, RowBuffer& context) const {
  const int64_t length = batch.length(item.sequence);
  const int64_t first = row_number(item.head, first_row(item.sequence)) * row_floats_;
  const auto view = [&](const AlignedBuffer<float>& buffer) {
    return MatView<const float>(buffer.data() + first, length, row_floats_);
  };
  const AttentionHead head{view(q_), view(k_), view(v_), batch.visible_length(item.sequence), window};
  scratch.outputs.resize(static_cast<size_t>(block_rows() * head_dim()));
  for (int64_t begin = item.query_begin; begin < item.query_end; begin += block_rows()) {
    const int64_t rows = std::min(block_rows(), length - begin);
    const MatView<float> out(scratch.outputs.data(), rows, head_dim());
    attention_block(head, begin, scratch.portable, out);
    for (int64_t r = 0; r < rows; ++r)
      context.store(batch.begin(item.sequence) + begin + r, item.head * head_dim(), out.row(r));
  }
}

}  // namespace modernbert
