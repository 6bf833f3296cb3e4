// Attention of one head of 64 on the matrix unit (AMX), bf16; see attention.h for what is computed. Scores
// are formed for 16 queries × 32 keys; keys are packed for the unit once for a range of queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/attention/attention_kernel_amx.h"
#include "ops/attention/attention_panel.h"
#include "ops/cpu/share.h"
#include "tensor/matrix.h"

namespace modernbert {

// Scratch of one thread.
struct AmxAttentionScratch {
  static constexpr int64_t kBlockRows = 128;  // queries between two visits of the same keys
  AmxAttentionScratch();
  AlignedBuffer<uint32_t> keys;  // packed
  AlignedBuffer<float> outputs;  // [128][64]
  AlignedBuffer<float> sums;     // [128][16]
  std::vector<AmxAttentionUnit> units;
};

// Rows `queries` of the head.   head: as bf16_attention_kernels() stores it; k and v are readable up to whole
// groups of 32 keys, q up to 16, and v is finite there.   queries.begin: a multiple of 16.   out: rows of 64
// bf16 values, `stride` bytes apart. Only where cpu_has_amx_bf16().
void attend_amx(const PanelAttentionHead& head, Range queries, AmxAttentionScratch& scratch, std::byte* out,
                int64_t stride);

}  // namespace modernbert
