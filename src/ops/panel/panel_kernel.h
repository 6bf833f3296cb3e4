// The inner loop of the packed panel GEMM: up to 6 rows times a panel of 64 columns, the sums in registers.
//
// A panel is [64 / slice][depth][slice] words of 32 bits; a word holds the 1 (fp32), 2 (bf16) or 4 (int8)
// consecutive factors of one column. Each AVX-512 kernel takes slices of all 64 columns and is one noinline
// function in a file of its own, compiled for its instructions and called only where the CPU has them:
// inlined into a larger function its accumulators would be spilled.
#pragma once

#include <cstdint>

#include "ops/rowwise/rows.h"

namespace modernbert {

inline constexpr int64_t kPanelColumns = 64;
inline constexpr int64_t kPanelRows = 6;
inline constexpr int64_t kFewRows = 4;  // the sums of fewer could not keep the multipliers busy

struct PanelTask {
  // Word k of row r is rows[r*row_stride + k*depth_stride]; all six rows are read. Of widened rows it is the
  // two words from rows[r*row_stride + 2*k] on.
  const uint32_t* rows;
  int64_t row_stride;
  int64_t depth_stride;
  const uint32_t* panel;  // [64 / slice][panel_depth][slice] words, from the task's first word of depth on
  int64_t panel_depth;
  int64_t depth;          // words
  const uint32_t* next;   // what to prefetch meanwhile; may be null
  int64_t next_lines;     // cache lines of it for every 4 words of depth
  const float* next_out;  // [6, 64] to prefetch, one of its lines every 16 words of depth; may be null
  int64_t next_out_stride;
  int64_t next_out_line;  // the first of its 24 lines to fetch; from 24 on none is
  const void* start;      // [6, 64] of what the sums start from: floats, or int32 for int8; may be out
  int64_t start_stride;   // of its rows; 0: one row for all
  float* out;             // [6, 64], row r at out + r*out_stride
  bool adds;              // out += the result, added last; otherwise out = the result
  int64_t out_stride;
  int64_t rows_wanted = kPanelRows;  // results of further rows do not matter
  // int8 only: out = sum * row scale * column scale + bias. Rows are stored 128 too high, so the sums start
  // from -128 times the sum of each column.
  const float* row_scales;     // [6]; null: out takes the sums themselves, as int32
  const float* column_scales;  // [64]
  const float* bias;           // [64]
};

using PanelKernel = void (*)(const PanelTask& task);

// Null where the CPU lacks the instructions.
PanelKernel fp32_panel_kernel();
PanelKernel bf16_panel_kernel();
PanelKernel int8_panel_kernel();

// A kernel and the form in which it takes its factors.
struct PanelProduct {
  PanelKernel multiply = nullptr;
  int64_t slice = kPanelColumns;  // neighbouring columns of a panel, see above
  // Where not null, the kernel takes rows of twice as many words, which this makes of `words` words of a row.
  void (*widen_row)(const uint32_t* row, int64_t words, uint32_t* wide) = nullptr;
  // Words of depth that all rows of a tile are multiplied by before the next ones; 0: the whole depth.
  int64_t depth_step = 0;
  // Where no more rows are wanted, the kernel reads, computes and stores only these: kFewRows or kPanelRows.
  int64_t few_rows = kPanelRows;
};

inline constexpr int64_t kPortableSlice = 16;

// For every CPU, with a depth_stride of 1. bf16 rows are widened to fp32 and int8 rows to pairs of 16 bits;
// columns stay narrow and are widened in registers.
PanelProduct portable_panel_product(RowType type);

// int8 by AVX-VNNI, which CPUs without AVX-512 may have; without a kernel where the CPU lacks it.
PanelProduct byte_panel_product();

// The fastest on this CPU, with a depth_step where that may pay.
PanelProduct panel_product(RowType type);

// Sums [rows, 64] of int8 products in int32, and what int8_panel_kernel would make of them.
struct Int8Sums {
  const int32_t* sums;
  int64_t stride;  // of sums
  int64_t rows;
  const float* row_scales;     // [rows]
  const float* column_scales;  // [64]
  const float* bias;           // [64]
  float* out;                  // [rows, 64]; may be where the sums are
  int64_t out_stride;
  bool adds;  // as in PanelTask
};

// Only where cpu_has_vnni().
void scale_int8_sums(const Int8Sums& task);

namespace ref {
// int8_panel_kernel in plain C++, for tests.
void multiply_int8_panel(const PanelTask& task);
}  // namespace ref

}  // namespace modernbert
