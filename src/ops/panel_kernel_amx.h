// The inner loop of the matrix unit's GEMM: up to 32 rows times a panel of 64 columns, the whole depth in
// registers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace modernbert {

inline constexpr int64_t kAmxRows = 32;     // of a call
inline constexpr int64_t kAmxDepth = 16;    // words that one register is deep
inline constexpr int64_t kAmxColumns = 16;  // of one register

struct AmxTask {
  const std::byte* rows;  // bf16 or unsigned bytes; 16 rows are read where row_count <= 16, else 32
  int64_t row_stride;     // bytes
  int64_t row_count;      // 1 to 32
  const uint32_t* panel;  // [2 halves][depth/16][2][16][16] words
  int64_t depth;          // words, a multiple of 16
  const uint32_t* next;   // what to prefetch meanwhile; may be null
  int64_t next_lines;     // cache lines of it for every 16 words of depth of each half
  const void* start;      // [64], or [rows, 64] with a stride: where sums begin, in the sums' type
  int64_t start_stride;   // words; 0: the same for every row
  void* out;              // [16 or 32, 64] sums, may be start
  int64_t out_stride;     // words
};

// The unit's registers must be configured (AmxScope). bf16 products summed in fp32: only where
// cpu_has_amx_bf16(); unsigned times signed bytes summed in int32: only where cpu_has_amx_int8().
void multiply_amx_bf16_panel(const AmxTask& task);
void multiply_amx_int8_panel(const AmxTask& task);

// The unit's peak: independent products on registers.   Returns the operations done in 4 * rounds products.
double amx_bf16_chains(int64_t rounds);
double amx_int8_chains(int64_t rounds);

}  // namespace modernbert
