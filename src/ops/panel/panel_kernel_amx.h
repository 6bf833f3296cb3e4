// The inner loops of the matrix unit's GEMM.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/rowwise/rows.h"

namespace modernbert {

inline constexpr int64_t kAmxRows = 32;     // of a call
inline constexpr int64_t kAmxDepth = 16;    // words that one register is deep
inline constexpr int64_t kAmxColumns = 16;  // of one register
inline constexpr int64_t kAmxHalf = 2 * kAmxColumns;

// A panel of 64 columns is stored as [2 halves][depth/16][2][16][16] words: the blocks that the registers
// take.
struct AmxTask {
  const std::byte* rows;    // bf16 or unsigned bytes, of the first word of depth
  int64_t row_stride;       // bytes
  const uint32_t* columns;  // the block of the first word of depth
  int64_t depth;            // words, a multiple of 16
  const uint32_t* next;     // what to prefetch meanwhile; may be null
  int64_t next_lines;       // cache lines of it for every 16 words of depth
  const void* start;        // where sums begin, in the sums' type
  int64_t start_stride;     // words from row to row; 0: the same for every row
  void* out;                // may be start
  int64_t out_stride;       // words
};

// The unit's registers must be configured (AmxScope).
struct AmxKernels {
  // 32 rows times 32 columns: half a panel, or a slice of its depth.
  void (*many_rows)(const AmxTask& task);
  // 16 rows times 64 columns: a whole panel, whose right half lies `depth` words of each column further on.
  void (*few_rows)(const AmxTask& task);
};

// kBf16: products summed in fp32, only where cpu_has_amx_bf16(). kInt8: unsigned bytes times signed ones,
// summed in int32, only where cpu_has_amx_int8().
AmxKernels amx_kernels(RowType type);

// The unit's peak: independent products on registers.   Returns the operations done in 4 * rounds products.
double amx_bf16_chains(int64_t rounds);
double amx_int8_chains(int64_t rounds);

}  // namespace modernbert
