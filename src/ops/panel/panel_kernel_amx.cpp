#include "ops/panel/panel_kernel_amx.h"

#if defined(__AMX_BF16__) && defined(__AMX_INT8__)
#include <immintrin.h>

namespace modernbert {
namespace {

constexpr int64_t kBlockBytes = 1024, kBlockRow = 64;

// What one instruction multiplies: 32 bf16 or 64 int8 factors of 16 x 16 sums. The registers' numbers are
// parts of the instructions' names, so macros have to hand them on.
enum class Factors { kBf16, kInt8 };
#define MB_TILE_PRODUCT(SUMS, ROWS, COLUMNS)  \
  do {                                        \
    if constexpr (kFactors == Factors::kInt8) \
      _tile_dpbusd(SUMS, ROWS, COLUMNS);      \
    else                                      \
      _tile_dpbf16ps(SUMS, ROWS, COLUMNS);    \
  } while (false)

inline const uint32_t* fetch_lines(const uint32_t* next, int64_t lines) {
  for (int64_t i = 0; i < lines; ++i, next += 16)
    _mm_prefetch(reinterpret_cast<const char*>(next), _MM_HINT_T1);
  return next;
}

// A block of 2 x 2 registers. The rows pass by once: they are not to drive the columns from the first-level
// cache.
template <Factors kFactors>
[[gnu::noinline]] void multiply_many(const AmxTask& task) {
  const int64_t lines = task.next != nullptr ? task.next_lines : 0;
  const int64_t start_bytes = 4 * task.start_stride, out_bytes = 4 * task.out_stride;
  const uint32_t* next = task.next;
  const auto* start = static_cast<const uint32_t*>(task.start);
  const uint32_t* lower_start = start + 16 * task.start_stride;
  _tile_loadd(0, start, start_bytes);
  _tile_loadd(1, start + 16, start_bytes);
  _tile_loadd(2, lower_start, start_bytes);
  _tile_loadd(3, lower_start + 16, start_bytes);
  const auto* block = reinterpret_cast<const std::byte*>(task.columns);
  const std::byte* upper = task.rows;
  const std::byte* lower = task.rows + 16 * task.row_stride;
  for (int64_t k = 0; k < task.depth; k += kAmxDepth) {
    next = fetch_lines(next, lines);
    _tile_loadd(6, block, kBlockRow);
    _tile_stream_loadd(4, upper, task.row_stride);
    MB_TILE_PRODUCT(0, 4, 6);
    _tile_stream_loadd(5, lower, task.row_stride);
    MB_TILE_PRODUCT(2, 5, 6);
    _tile_loadd(7, block + kBlockBytes, kBlockRow);
    MB_TILE_PRODUCT(1, 4, 7);
    MB_TILE_PRODUCT(3, 5, 7);
    block += 2 * kBlockBytes;
    upper += kBlockRow;
    lower += kBlockRow;
  }
  auto* out = static_cast<uint32_t*>(task.out);
  uint32_t* lower_out = out + 16 * task.out_stride;
  _tile_stored(0, out, out_bytes);
  _tile_stored(1, out + 16, out_bytes);
  _tile_stored(2, lower_out, out_bytes);
  _tile_stored(3, lower_out + 16, out_bytes);
}

// Four registers side by side.
template <Factors kFactors>
[[gnu::noinline]] void multiply_few(const AmxTask& task) {
  const int64_t lines = task.next != nullptr ? task.next_lines : 0;
  const int64_t start_bytes = 4 * task.start_stride, out_bytes = 4 * task.out_stride;
  const uint32_t* next = task.next;
  const auto* left = reinterpret_cast<const std::byte*>(task.columns);
  const std::byte* right = left + task.depth / kAmxDepth * 2 * kBlockBytes;
  const auto* start = static_cast<const uint32_t*>(task.start);
  _tile_loadd(0, start, start_bytes);
  _tile_loadd(1, start + 16, start_bytes);
  _tile_loadd(2, start + 32, start_bytes);
  _tile_loadd(3, start + 48, start_bytes);
  const std::byte* rows = task.rows;
  for (int64_t k = 0; k < task.depth; k += kAmxDepth) {
    next = fetch_lines(next, lines);
    _tile_loadd(4, rows, task.row_stride);
    _tile_loadd(5, left, kBlockRow);
    MB_TILE_PRODUCT(0, 4, 5);
    _tile_loadd(6, left + kBlockBytes, kBlockRow);
    MB_TILE_PRODUCT(1, 4, 6);
    _tile_loadd(7, right, kBlockRow);
    MB_TILE_PRODUCT(2, 4, 7);
    _tile_loadd(5, right + kBlockBytes, kBlockRow);
    MB_TILE_PRODUCT(3, 4, 5);
    rows += kBlockRow;
    left += 2 * kBlockBytes;
    right += 2 * kBlockBytes;
  }
  auto* out = static_cast<uint32_t*>(task.out);
  _tile_stored(0, out, out_bytes);
  _tile_stored(1, out + 16, out_bytes);
  _tile_stored(2, out + 32, out_bytes);
  _tile_stored(3, out + 48, out_bytes);
}

template <Factors kFactors>
double chains(int64_t rounds) {
  constexpr double kOperations = 2.0 * 16 * 16 * (kFactors == Factors::kInt8 ? 64 : 32);  // of a product
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  for (int64_t i = 0; i < rounds; ++i) {
    MB_TILE_PRODUCT(0, 4, 5);
    MB_TILE_PRODUCT(1, 4, 5);
    MB_TILE_PRODUCT(2, 4, 5);
    MB_TILE_PRODUCT(3, 4, 5);
  }
  return 4 * kOperations * static_cast<double>(rounds);
}

#undef MB_TILE_PRODUCT

}  // namespace

AmxKernels amx_kernels(RowType type) {
  if (type == RowType::kInt8) return {multiply_many<Factors::kInt8>, multiply_few<Factors::kInt8>};
  return {multiply_many<Factors::kBf16>, multiply_few<Factors::kBf16>};
}

double amx_bf16_chains(int64_t rounds) {
  return chains<Factors::kBf16>(rounds);
}

double amx_int8_chains(int64_t rounds) {
  return chains<Factors::kInt8>(rounds);
}

}  // namespace modernbert
#else
namespace modernbert {

AmxKernels amx_kernels(RowType) {
  return {};
}
double amx_bf16_chains(int64_t) {
  return 0;
}
double amx_int8_chains(int64_t) {
  return 0;
}

}  // namespace modernbert
#endif
