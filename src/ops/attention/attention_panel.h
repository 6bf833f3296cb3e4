// Attention of one head of 64 on factors in words of 32 bits (one fp32 or two bf16 values), for CPUs with
// AVX-512; see attention.h for what is computed. Queries are columns: scores are formed for 16 keys × up to
// 48 queries in registers and leave them as softmax weights; weights times values is the GEMM's panel kernel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/attention/attention.h"
#include "ops/panel/panel_kernel.h"
#include "ops/rowwise/rows.h"
#include "tensor/matrix.h"

namespace modernbert {

inline constexpr int64_t kPanelHeadDim = 64;
inline constexpr int64_t kAttentionKeyGroup = 16;  // rows of k are padded to whole groups

// Weights of a range of keys for a block of queries.
struct WeighTask {
  const uint32_t* queries;   // [row words][48] transposed block
  const uint32_t* key_rows;  // [keys][row words]
  uint32_t* weights;         // [keys / values per word][48]
  float* sums;               // [48] of the rounded weights, added to in key order
  const float* shifts;       // [48] whole numbers; weights are 2^(score - shift)
  int64_t vectors;           // of 16 queries, the whole block; 1 to 3
  int64_t query;             // index of the block's first query
  int64_t key;               // index of the first key
  int64_t keys;              // a multiple of 16
  int64_t visible;
  int64_t window;
};

// What differs between the types of factors. Each is a file of its own with its own compile flags.
struct AttentionKernels {
  RowType type;
  int64_t values_per_word;  // neighbouring dimensions in q and k, neighbouring keys in v and weights
  PanelKernel multiply;
  // Hidden keys get zeros.
  void (*weigh)(const WeighTask& task);
  // maxima[48] = the larger of itself and the scores of the visible keys.
  void (*raise_maxima)(const WeighTask& task, float* maxima);
  // out[i*64 + r] = in[r*row_words + i]: `rows` rows (at most 48; missing ones are zero) become columns of
  // [row_words][48].
  void (*transpose)(const uint32_t* in, int64_t rows, uint32_t* out);
  // Neighbouring rows of q or k, rounded.   values: [R, 64].
  void (*store_rows)(const MatView<const float>& values, uint32_t* rows);
  // The same, rotated (rope_rotate) first.   cos, sin: [R, 32].
  void (*store_rotated_rows)(const MatView<const float>& values, const float* cos, const float* sin,
                             float scale, uint32_t* rows);
  // Values of the keys from `key` on: v is [keys / values per word][64] words.   values: [R, 64].
  void (*store_values)(const MatView<const float>& values, int64_t key, uint32_t* v);
  // Rows of out (64 values of this type at out + r*stride bytes) = rows of in[.., 64] times scales[r].
  void (*store_scaled)(const float* in, const float* scales, int64_t rows, std::byte* out, int64_t stride);

  int64_t row_words() const { return kPanelHeadDim / values_per_word; }
};

// Null where the CPU lacks the instructions.
const AttentionKernels* fp32_attention_kernels();
const AttentionKernels* bf16_attention_kernels();

// One head of one sequence.
struct PanelAttentionHead {
  const uint32_t* q = nullptr;  // [L, row words] rows as AttentionHead::q
  const uint32_t* k = nullptr;  // [L up to a multiple of 16, row words]
  const uint32_t* v = nullptr;  // [.., 64]; a missing last key of a word is zero
  int64_t length = 0;
  int64_t visible = 0;
  int64_t window = -1;
};

// Scratch of one thread.
struct PanelAttentionScratch {
  static constexpr int64_t kKeyBlock = 192;  // keys between two visits of the outputs; a 64-token window fits
  static constexpr int64_t kRows = kAttentionBlockRows;
  PanelAttentionScratch();
  AlignedBuffer<uint32_t> queries;  // [64][48]
  AlignedBuffer<uint32_t> weights;  // [keys][48]
  AlignedBuffer<float> outputs;     // [48][64]
};

// Rows [query_begin, query_begin + 48) of the head, as far as there are.   query_begin: a multiple of 48.
// out: the block's rows of 64 values of the kernels' type, `stride` bytes apart.
void attention_block(const AttentionKernels& kernels, const PanelAttentionHead& head, int64_t query_begin,
                     PanelAttentionScratch& scratch, std::byte* out, int64_t stride);

}  // namespace modernbert
