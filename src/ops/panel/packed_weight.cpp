#include "ops/panel/packed_weight.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ops/rowwise/convert.h"
#include "tensor/slab.h"

namespace modernbert {
namespace {

// One column (a row of the weight matrix) as words.   words: [depth], zero where the column does not fill
// them.
void narrow_column(RowType type, std::span<const float> column, std::span<uint32_t> words) {
  std::ranges::fill(words, 0u);
  if (type == RowType::kFp32) {
    std::memcpy(words.data(), column.data(), column.size_bytes());
  } else {
    convert_to_bf16(column, {reinterpret_cast<Bf16*>(words.data()), column.size()});
  }
}

struct Int8Column {
  float scale;
  int32_t offset;
};

// As rows are quantised, but signed: the kernels take unsigned rows and signed columns.
Int8Column quantize_column(std::span<const float> column, std::span<uint32_t> words) {
  std::ranges::fill(words, 0u);
  const std::span<uint8_t> bytes(reinterpret_cast<uint8_t*>(words.data()), column.size());
  Int8Column result{quantize(column, bytes), 0};
  for (uint8_t& byte : bytes) {
    const int value = byte - 128;
    result.offset -= 128 * value;
    byte = static_cast<uint8_t>(static_cast<int8_t>(value));
  }
  return result;
}

int64_t values_per_word(RowType type) {
  return type == RowType::kFp32 ? 1 : type == RowType::kBf16 ? 2 : 4;
}

PackedWeight empty_panels(RowType type, int64_t out, int64_t in, int64_t group) {
  PackedWeight packed;
  packed.type = type;
  packed.in = in;
  packed.out = out;
  packed.depth = (in + values_per_word(type) - 1) / values_per_word(type);
  packed.group = group < kPanelColumns ? kPanelColumns / group * group : group;
  packed.panels_per_group = (packed.group + kPanelColumns - 1) / kPanelColumns;
  const auto columns = static_cast<size_t>(packed.panel_count() * kPanelColumns);
  const auto words = static_cast<size_t>(packed.panel_count() * packed.panel_words());
  packed.words = std::reinterpret_pointer_cast<uint32_t>(allocate_in_slab(words * sizeof(uint32_t)));
  std::fill_n(packed.words.get(), words, 0u);
  packed.bias.assign(columns, 0.0f);
  if (type == RowType::kInt8) {
    packed.offsets.assign(columns, 0);
    packed.scales.assign(columns, 0.0f);
  }
  return packed;
}

}  // namespace

PackedWeight pack_weight(RowType type, MatView<const float> weight, std::span<const float> bias,
                         int64_t group, int64_t slice) {
  PackedWeight packed = empty_panels(type, weight.rows, weight.cols, group);
  std::vector<uint32_t> words(static_cast<size_t>(packed.depth));
  for (int64_t column = 0; column < weight.rows; ++column) {
    const int64_t in_group = column % packed.group;
    const int64_t panel = column / packed.group * packed.panels_per_group + in_group / kPanelColumns;
    const int64_t lane = in_group % kPanelColumns;
    const auto at = static_cast<size_t>(panel * kPanelColumns + lane);
    if (type == RowType::kInt8) {
      const Int8Column quantized = quantize_column(weight.row(column), words);
      packed.scales[at] = quantized.scale;
      packed.offsets[at] = quantized.offset;
    } else {
      narrow_column(type, weight.row(column), words);
    }
    uint32_t* to = packed.panel(panel) + lane / slice * slice * packed.depth + lane % slice;
    for (int64_t k = 0; k < packed.depth; ++k) to[k * slice] = words[static_cast<size_t>(k)];
    if (!bias.empty()) packed.bias[at] = bias[static_cast<size_t>(column)];
  }
  return packed;
}

}  // namespace modernbert
