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
  const MatView<const float> row(kZeros, 1, kPanelHeadDim);
  kernels_.store_rows(row, k_.data() + row_number * kernels_.row_words());
  kernels_.store_values(row, row_number, v_.data());
}

// Tokens from `token` on, at most `most`, whose rows and positions follow one another: those of one sequence.
int64_t PanelAttentionLayout::neighbours(int64_t token, int64_t most, const Rotation& rotation) const {
  int64_t count = 1;
  while (count < most && row_of_token(token + count) == row_of_token(token) + count &&
         rotation.position(token + count) == rotation.position(token) + count)
    ++count;
  return count;
}

void PanelAttentionLayout::store(QkvPart part, int64_t head, int64_t token, MatView<const float> rows,
                                 const Rotation& rotation) {
  for (int64_t r = 0, count; r < rows.rows; r += count) {
    count = neighbours(token + r, rows.rows - r, rotation);
    store_neighbours(part, row_number(head, row_of_token(token + r)), token + r, rows.slice_rows(r, count),
                     rotation);
  }
}

void PanelAttentionLayout::store_neighbours(QkvPart part, int64_t number, int64_t token,
                                            MatView<const float> rows, const Rotation& rotation) {
  if (part == QkvPart::kValue) return kernels_.store_values(rows, number, v_.data());
  uint32_t* words = (part == QkvPart::kQuery ? q_ : k_).data() + number * kernels_.row_words();
  const float scale = part == QkvPart::kQuery ? rotation.query_scale : 1.0f;
  if (rotation.table != nullptr) {
    return kernels_.store_rotated_rows(rows, rotation.cos(token).data(), rotation.sin(token).data(), scale,
                                       words);
  }
  for (int64_t r = 0; r < rows.rows; ++r) {
    float scaled[kPanelHeadDim];
    for (int64_t i = 0; i < kPanelHeadDim; ++i) scaled[i] = rows.row_data(r)[i] * scale;
    kernels_.store_rows({scaled, 1, kPanelHeadDim}, words + r * kernels_.row_words());
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
