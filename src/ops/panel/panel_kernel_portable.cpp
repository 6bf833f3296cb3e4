// The panel kernels in Highway, for CPUs without AVX-512 or without its products of a type: as many vectors
// of columns at a time as have room for six rows' sums in the registers.
#include <bit>

#include "ops/cpu/cpu_features.h"
#include "ops/panel/panel_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/panel/panel_kernel_portable.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/panel/byte_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kSlice = kPortableSlice;
using Floats = hn::CappedTag<float, kSlice>;
using Words = hn::RebindToUnsigned<Floats>;
using Ints = hn::RebindToSigned<Floats>;
constexpr Floats kFloats;
constexpr Words kWords;
constexpr Ints kInts;
constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(kFloats));
using FloatVec = hn::Vec<Floats>;
using WordVec = hn::Vec<Words>;
using IntVec = hn::Vec<Ints>;

// sum += column * row. Around the intrinsics GCC 12 copies sums to other registers and to the stack, hence
// assembly for the vectors of AVX2.
HWY_INLINE void add_product(FloatVec column, FloatVec row, FloatVec& sum) {
#if HWY_TARGET == HWY_AVX2
  asm("vfmadd231ps %2, %1, %0" : "+x"(sum.raw) : "x"(column.raw), "x"(row.raw));
#else
  sum = hn::MulAdd(column, row, sum);
#endif
}

struct FloatSums {
  using Sum = FloatVec;
  static HWY_INLINE Sum start(const PanelTask& task, int64_t r, int64_t column) {
    return hn::LoadU(kFloats, static_cast<const float*>(task.start) + r * task.start_stride + column);
  }
  static HWY_INLINE void add(FloatVec column, FloatVec row, Sum& sum) { add_product(column, row, sum); }
  static HWY_INLINE FloatVec finish(Sum sum, const PanelTask&, int64_t, int64_t) { return sum; }
};

// How words of kVectors vectors of columns are multiplied by kRowWords words of a row: factors(column, i)
// belong to the i-th.
struct Fp32Factors : FloatSums {
  static constexpr int kVectors = HWY_TARGET == HWY_NEON ? 4 : 2;  // of 32 and of 16 registers
  static constexpr int kRowWords = 1;
  static HWY_INLINE FloatVec factors(const uint32_t* columns, int) {
    return hn::BitCast(kFloats, hn::LoadU(kWords, columns));
  }
#if HWY_TARGET == HWY_NEON
  // One lane is the factor of all: no instruction has to repeat it.
  static HWY_INLINE float row(uint32_t word) {
    return std::bit_cast<float>(word);
  }
  static HWY_INLINE void add(FloatVec column, float row, Sum& sum) {
    sum.raw = vfmaq_n_f32(sum.raw, column.raw, row);
  }
#else
  static HWY_INLINE FloatVec row(uint32_t word) {
    return hn::BitCast(kFloats, hn::Set(kWords, word));
  }
#endif
};

struct Bf16Factors : Fp32Factors {
  static constexpr int kRowWords = 2;
  static HWY_INLINE FloatVec factors(const uint32_t* columns, int i) {
    const auto pairs = hn::LoadU(kWords, columns);
    return hn::BitCast(kFloats,
                       i == 0 ? hn::ShiftLeft<16>(pairs) : hn::And(pairs, hn::Set(kWords, 0xFFFF0000u)));
  }
};

// Whole numbers until the end: the sums are exact.
struct Int8Factors {
  using Sum = IntVec;
  static constexpr int kVectors = 2;
  static constexpr int kRowWords = 2;
  static HWY_INLINE Sum start(const PanelTask& task, int64_t r, int64_t column) {
    return hn::LoadU(kInts, static_cast<const int32_t*>(task.start) + r * task.start_stride + column);
  }
  // Bytes 0 and 2, then 1 and 3, as pairs of 16 bits.
  static HWY_INLINE IntVec factors(const uint32_t* columns, int i) {
    auto bytes = hn::LoadU(kWords, columns);
    if (i == 0) bytes = hn::ShiftLeft<8>(bytes);
#if HWY_TARGET == HWY_SCALAR
    const auto words = hn::BitCast(kInts, bytes);
    const auto low = hn::And(hn::ShiftRight<24>(hn::ShiftLeft<16>(words)), hn::Set(kInts, 0xFFFF));
    return hn::Or(hn::ShiftLeft<16>(hn::ShiftRight<24>(words)), low);
#else
    const hn::Repartition<int16_t, Floats> shorts;
    return hn::BitCast(kInts, hn::ShiftRight<8>(hn::BitCast(shorts, bytes)));
#endif
  }
  static HWY_INLINE IntVec row(uint32_t word) {
    return hn::Set(kInts, static_cast<int32_t>(word));
  }
  static HWY_INLINE void add(IntVec column, IntVec row, Sum& sum) {
    add_pair_products(kInts, column, row, sum);
  }
  static HWY_INLINE FloatVec finish(Sum sum, const PanelTask& task, int64_t r, int64_t column) {
    if (task.row_scales == nullptr) return hn::BitCast(kFloats, sum);
    const auto scaled = hn::Mul(hn::ConvertTo(kFloats, sum), hn::Set(kFloats, task.row_scales[r]));
    return hn::MulAdd(scaled, hn::LoadU(kFloats, task.column_scales + column),
                      hn::LoadU(kFloats, task.bias + column));
  }
};

#if HWY_TARGET == HWY_AVX2
// Bytes as they are.
struct ByteFactors : Int8Factors {
  static constexpr int kRowWords = 1;
  static HWY_INLINE IntVec factors(const uint32_t* columns, int) {
    return hn::BitCast(kInts, hn::LoadU(kWords, columns));
  }
  static HWY_INLINE void add(IntVec column, IntVec row, Sum& sum) { add_byte_products(column, row, sum); }
};
#endif

constexpr int64_t kLineWords = 16;

HWY_INLINE void fetch(const uint32_t* line) {
  constexpr int kForReading = 0, kSecondLevel = 2;
  __builtin_prefetch(line, kForReading, kSecondLevel);
}

// Columns [column, column + Factors::kVectors * kLanes) of the panel, of the first kRows rows.
template <class Factors, int64_t kRows>
HWY_INLINE void multiply_columns(const PanelTask& task, int64_t column) {
  constexpr int kVectors = Factors::kVectors;
  typename Factors::Sum sums[kRows][kVectors];
  const uint32_t* columns[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const int64_t first = column + v * kLanes;
    columns[v] = task.panel + first / kSlice * kSlice * task.panel_depth + first % kSlice;
    for (int64_t r = 0; r < kRows; ++r) sums[r][v] = Factors::start(task, r, first);
  }
  const uint32_t* rows = task.rows;
  // Every pass fetches its share of the next panel's part, evenly: of more lines at once than the core can
  // wait for, the rest hold up the products.
  constexpr int64_t kPasses = kPanelColumns / (kVectors * kLanes);
  const int64_t pass = column / (kVectors * kLanes);
  const int64_t next_lines = task.next != nullptr ? task.next_lines : 0;
  const uint32_t* next = task.next + pass * (task.depth / 4 * next_lines / kPasses) * kLineWords;
  int64_t due = 0;  // lines, times kPasses
  for (int64_t k = 0; k < task.depth; ++k) {
    if ((k & 3) == 0) {
      for (due += next_lines; due >= kPasses; due -= kPasses, next += kLineWords) fetch(next);
    }
    for (int i = 0; i < Factors::kRowWords; ++i, ++rows) {
      // The words are loaded anew: kept, they would need registers that the sums have.
      asm volatile("" ::: "memory");
      typename Factors::Sum factors[kVectors];
      for (int v = 0; v < kVectors; ++v) factors[v] = Factors::factors(columns[v] + k * kSlice, i);
      for (int64_t r = 0; r < kRows; ++r) {
        const auto row = Factors::row(rows[r * task.row_stride]);
        for (int v = 0; v < kVectors; ++v) Factors::add(factors[v], row, sums[r][v]);
      }
    }
  }
  for (int64_t r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      const int64_t first = column + v * kLanes;
      float* out = task.out + r * task.out_stride + first;
      const FloatVec result = Factors::finish(sums[r][v], task, r, first);
      hn::StoreU(task.adds ? hn::Add(hn::LoadU(kFloats, out), result) : result, kFloats, out);
    }
  }
}

template <class Factors, int64_t kRows>
HWY_INLINE void multiply_rows(const PanelTask& task) {
  for (int64_t column = 0; column < kPanelColumns; column += Factors::kVectors * kLanes)
    multiply_columns<Factors, kRows>(task, column);
}

template <class Factors>
HWY_INLINE void multiply_panel(const PanelTask& shared_task) {
  const PanelTask task = shared_task;  // a copy that stores to `out` cannot change
  task.rows_wanted <= kFewRows ? multiply_rows<Factors, kFewRows>(task)
                               : multiply_rows<Factors, kPanelRows>(task);
}

void multiply_fp32(const PanelTask& task) {
  multiply_panel<Fp32Factors>(task);
}
void multiply_bf16(const PanelTask& task) {
  multiply_panel<Bf16Factors>(task);
}
void multiply_int8(const PanelTask& task) {
  multiply_panel<Int8Factors>(task);
}
#if HWY_TARGET == HWY_AVX2
void multiply_bytes(const PanelTask& task) {
  multiply_panel<ByteFactors>(task);
}
#endif

// wide[2k] = first(row[k]), wide[2k+1] = second(row[k]).
template <class First, class Second>
HWY_INLINE void split_words(const uint32_t* row, int64_t words, uint32_t* wide, First first, Second second) {
  int64_t k = 0;
  for (; k + kLanes <= words; k += kLanes) {
    const auto word = hn::LoadU(kWords, row + k);
    hn::StoreInterleaved2(first(kWords, word), second(kWords, word), kWords, wide + 2 * k);
  }
  const hn::CappedTag<uint32_t, 1> one;
  for (; k < words; ++k) {
    const auto word = hn::LoadU(one, row + k);
    hn::StoreU(first(one, word), one, wide + 2 * k);
    hn::StoreU(second(one, word), one, wide + 2 * k + 1);
  }
}

void widen_bf16_row(const uint32_t* row, int64_t words, uint32_t* wide) {
  split_words(
      row, words, wide, [](auto, auto pair) HWY_ATTR { return hn::ShiftLeft<16>(pair); },
      [](auto d, auto pair) HWY_ATTR { return hn::And(pair, hn::Set(d, 0xFFFF0000u)); });
}

void widen_int8_row(const uint32_t* row, int64_t words, uint32_t* wide) {
  split_words(
      row, words, wide, [](auto d, auto bytes) HWY_ATTR { return hn::And(bytes, hn::Set(d, 0x00FF00FFu)); },
      [](auto d, auto bytes) HWY_ATTR { return hn::And(hn::ShiftRight<8>(bytes), hn::Set(d, 0x00FF00FFu)); });
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {
namespace {

HWY_EXPORT(multiply_fp32);
HWY_EXPORT(multiply_bf16);
HWY_EXPORT(multiply_int8);
HWY_EXPORT(widen_bf16_row);
HWY_EXPORT(widen_int8_row);

void fp32_panel(const PanelTask& task) {
  HWY_DYNAMIC_DISPATCH(multiply_fp32)(task);
}
void bf16_panel(const PanelTask& task) {
  HWY_DYNAMIC_DISPATCH(multiply_bf16)(task);
}
void int8_panel(const PanelTask& task) {
  HWY_DYNAMIC_DISPATCH(multiply_int8)(task);
}
void widen_bf16(const uint32_t* row, int64_t words, uint32_t* wide) {
  HWY_DYNAMIC_DISPATCH(widen_bf16_row)(row, words, wide);
}
void widen_int8(const uint32_t* row, int64_t words, uint32_t* wide) {
  HWY_DYNAMIC_DISPATCH(widen_int8_row)(row, words, wide);
}

}  // namespace

PanelProduct portable_panel_product(RowType type) {
  PanelProduct product{.slice = kPortableSlice, .few_rows = kFewRows};
  switch (type) {
    case RowType::kFp32:
      product.multiply = fp32_panel;
      break;
    case RowType::kBf16:
      product.multiply = bf16_panel;
      product.widen_row = widen_bf16;
      break;
    case RowType::kInt8:
      product.multiply = int8_panel;
      product.widen_row = widen_int8;
      break;
  }
  return product;
}

PanelProduct byte_panel_product() {
#if HWY_TARGETS & HWY_AVX2
  if (cpu_has_avx_vnni())
    return {.multiply = N_AVX2::multiply_bytes, .slice = kPortableSlice, .few_rows = kFewRows};
#endif
  return {};
}

}  // namespace modernbert
#endif
