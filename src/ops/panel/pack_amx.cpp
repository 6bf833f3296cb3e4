#include "ops/panel/pack_amx.h"

#include "ops/panel/panel_kernel_amx.h"

#if defined(__AVX512F__)
#include "ops/vector/transpose_avx512-inl.h"

namespace modernbert {
namespace {

// Calls block(first column, first word, 16 x 16 words to fill) for all blocks of a panel in their order.
template <class Block>
inline void for_each_block(int64_t depth, uint32_t* panel, const Block& block) {
  for (int64_t half = 0; half < 2; ++half) {
    for (int64_t word = 0; word < depth; word += kAmxDepth) {
      for (int64_t column = kAmxHalf * half; column < kAmxHalf * (half + 1); column += kAmxColumns) {
        block(column, word, panel);
        panel += kAmxDepth * kAmxColumns;
      }
    }
  }
}

// Two rows of 16 numbers as 16 pairs.
inline __m512i pairs(const Bf16* upper, const Bf16* lower) {
  const __m512i first = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(upper)));
  const __m512i second = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(lower)));
  return _mm512_or_si512(first, _mm512_slli_epi32(second, 16));
}

}  // namespace

void pack_rows(const Bf16* w, int64_t stride, int64_t depth, uint32_t* panel) {
  for_each_block(depth, panel, [&](int64_t column, int64_t word, uint32_t* to) {
    __m512i words[16];
#pragma GCC unroll 16
    for (int64_t i = 0; i < 16; ++i) words[i] = _mm512_loadu_si512(w + (column + i) * stride + 2 * word);
    transpose_tile(words);
#pragma GCC unroll 16
    for (int64_t i = 0; i < 16; ++i) _mm512_storeu_si512(to + 16 * i, words[i]);
  });
}

void pack_columns(const Bf16* w, int64_t stride, int64_t depth, uint32_t* panel) {
  for_each_block(depth, panel, [&](int64_t column, int64_t word, uint32_t* to) {
    const Bf16* from = w + 2 * word * stride + column;
#pragma GCC unroll 16
    for (int64_t i = 0; i < 16; ++i, from += 2 * stride)
      _mm512_storeu_si512(to + 16 * i, pairs(from, from + stride));
  });
}

void transpose_columns(const Bf16* x, int64_t stride, int64_t columns, int64_t depth, uint32_t* rows,
                       int64_t row_stride) {
  for (int64_t word = 0; word < depth; word += kAmxDepth) {
    for (int64_t column = 0; column < columns; column += kAmxColumns) {
      const Bf16* from = x + 2 * word * stride + column;
      __m512i words[16];
#pragma GCC unroll 16
      for (int64_t i = 0; i < 16; ++i, from += 2 * stride) words[i] = pairs(from, from + stride);
      transpose_tile(words);
#pragma GCC unroll 16
      for (int64_t i = 0; i < 16; ++i) _mm512_storeu_si512(rows + (column + i) * row_stride + word, words[i]);
    }
  }
}

}  // namespace modernbert
#else
namespace modernbert {

void pack_rows(const Bf16*, int64_t, int64_t, uint32_t*) {}
void pack_columns(const Bf16*, int64_t, int64_t, uint32_t*) {}
void transpose_columns(const Bf16*, int64_t, int64_t, int64_t, uint32_t*, int64_t) {}

}  // namespace modernbert
#endif
