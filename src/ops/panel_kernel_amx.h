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
  const std::byte* rows;  // bf16; 16 rows are read where row_count <= 16, else 32
  int64_t row_stride;     // bytes
  int64_t row_count;      // 1 to 32
  const uint32_t* panel;  // [2 halves][depth/16][2][16][16] words
  int64_t depth;          // words, a multiple of 16
  const uint32_t* next;   // what to prefetch meanwhile; may be null
  int64_t next_lines;     // cache lines of it for every 16 words of depth of each half
  const float* start;     // [64], or [rows, 64] with a stride: where sums begin
  int64_t start_stride;   // floats; 0: the same for every row
  float* out;             // [16 or 32, 64], may be start
  int64_t out_stride;     // floats
};

// bf16 products summed in fp32. The unit's registers must be configured (AmxScope); only where
// cpu_has_amx_bf16().
void multiply_amx_panel(const AmxTask& task);

// The unit's peak: independent products on registers.   Returns the FLOPs done in 4 * rounds products.
double amx_bf16_chains(int64_t rounds);

}  // namespace modernbert
