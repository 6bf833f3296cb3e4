#include "model/panel_attention_layout.h"

#include <algorithm>

#include "core/check.h"

namespace modernbert {

// New memory is zeroed whole: rows that are read but never written must be finite.
void PanelAttentionLayout::reserve(int64_t rows) {
  const auto words = static_cast<size_t>(rows * kernels_.row_words());
  for (AlignedBuffer<uint32_t>* buffer : {&q_, &k_, &v_}) {
    if (buffer->capacity() >= words) continue;
    buffer->reserve(words);
    std::fill_n(buffer->data(), words, 0u);
  }
}

void PanelAttentionLayout::clear_key_and_value(int64_t row_number) {
  constexpr float kZeros[kPanelHeadDim] = {};
  kernels_.store_row(kZeros, k_.data() + row_number * kernels_.row_words());
  kernels_.store_value(kZeros, row_number, v_.data());
}

void PanelAttentionLayout::store(QkvPart part, int64_t head, int64_t token, MatView<const float> rows,
                                 const Rotation& rotation) {
  AlignedBuffer<uint32_t>& buffer = part == QkvPart::kQuery ? q_ : k_;
  const float scale = part == QkvPart::kQuery ? rotation.query_scale : 1.0f;
  for (int64_t r = 0; r < rows.rows; ++r) {
    const int64_t number = row_number(head, row_of_token(token + r));
    uint32_t* words = buffer.data() + number * kernels_.row_words();
    if (part == QkvPart::kValue) {
      kernels_.store_value(rows.row_data(r), number, v_.data());
    } else if (rotation.table != nullptr) {
      kernels_.store_rotated_row(rows.row_data(r), rotation.cos(token + r).data(),
                                 rotation.sin(token + r).data(), scale, words);
    } else {
      float scaled[kPanelHeadDim];
      for (int64_t i = 0; i < kPanelHeadDim; ++i) scaled[i] = rows.row_data(r)[i] * scale;
      kernels_.store_row(scaled, words);
    }
  }
}

PanelAttentionHead PanelAttentionLayout::head_of(const TokenBatch& batch, const AttentionItem& item,
                                                 int64_t window) const {
  const int64_t first = row_number(item.head, first_row(item.sequence));
  PanelAttentionHead head;
  head.q = q_.data() + first * kernels_.row_words();
  head.k = k_.data() + first * kernels_.row_words();
  head.v = v_.data() + first / kernels_.values_per_word * kPanelHeadDim;
  head.length = batch.length(item.sequence);
  head.visible = batch.visible_length(item.sequence);
  head.window = window;
  return head;
}

std::byte* PanelAttentionLayout::output_of(const TokenBatch& batch, const AttentionItem& item, int64_t begin,
                                           RowBuffer& context) const {
  MB_DCHECK(context.type() == kernels_.type);
  const int64_t value_bytes = int64_t{sizeof(uint32_t)} / kernels_.values_per_word;
  return context.row(batch.begin(item.sequence) + begin) + item.head * kPanelHeadDim * value_bytes;
}

void PanelAttentionLayout::attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
                                  AttentionThreadScratch& scratch, RowBuffer& context) const {
  const PanelAttentionHead head = head_of(batch, item, window);
  for (int64_t begin = item.query_begin; begin < item.query_end; begin += kAttentionBlockRows) {
    attention_block(kernels_, head, begin, scratch.panel, output_of(batch, item, begin, context),
                    context.stride());
  }
}

}  // namespace modernbert
