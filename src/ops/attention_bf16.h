// Attention of one head on bf16 factors, for CPUs with bf16 products and heads of 64; see attention.h for the
// rest. Both products, scores and weighted sums, are panels of the GEMM kernel: queries are the columns of
// the first, head dimensions those of the second.
#pragma once

#include <cstdint>

#include "tensor/matrix.h"

namespace modernbert {

inline constexpr int64_t kBf16HeadDim = 64;

// True where attention_block_bf16 may be called.
bool has_bf16_attention(int64_t head_dim);

// One head of one sequence; words hold two bf16 values, the first in the low half.
struct Bf16AttentionHead {
  const uint32_t* q = nullptr;  // [L, 32] rows as AttentionHead::q
  const uint32_t* k = nullptr;  // [L, 32]; up to 6 rows past L are read, and may be anything
  const uint32_t* v = nullptr;  // [ceil(L/2), 64] words of two neighbouring keys; a missing last key is zero
  int64_t length = 0;
  int64_t visible = 0;
  int64_t window = -1;
};

// Scratch of one thread.
struct Bf16AttentionScratch {
  static constexpr int64_t kRows = 64;                           // queries of a block
  static constexpr int64_t kPaddedRows = 72;                     // room for whole groups of 6 rows
  static constexpr int64_t kKeyBlock = 96;                       // keys between two visits of the outputs
  AlignedBuffer<uint32_t> queries{32 * kRows};                   // [32][64]
  AlignedBuffer<float> scores{kKeyBlock * kRows};                // [keys][64]
  AlignedBuffer<uint32_t> weights{kKeyBlock / 2 * kPaddedRows};  // [key pairs][72]
  AlignedBuffer<float> outputs{kPaddedRows * kBf16HeadDim};      // [72][64]
};

// Rows [query_begin, query_begin + 64) of the head, as attention_block.   out: [L, 64].
void attention_block_bf16(const Bf16AttentionHead& head, int64_t query_begin, Bf16AttentionScratch& scratch,
                          MatView<float> out);

}  // namespace modernbert
