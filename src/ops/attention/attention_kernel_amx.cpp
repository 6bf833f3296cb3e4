#include "ops/attention/attention_kernel_amx.h"

#if defined(__AMX_BF16__)
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>

#include "ops/attention/attention_band.h"
#include "ops/vector/exp2_avx512-inl.h"
#include "ops/vector/transpose_avx512-inl.h"

namespace modernbert {
namespace {

constexpr int64_t kRowWords = 32;                    // of a query or key
constexpr int64_t kValueWords = 64;                  // of a pair of keys' values
constexpr int64_t kRegisterWords = 16 * 16;          // of a register
constexpr int64_t kGroupWords = 4 * kRegisterWords;  // of a packed group of keys
constexpr int64_t kLanes = 16;
constexpr int64_t kRowBytes = 4 * kRowWords, kRegisterRow = 64;

// What passes between the steps of a unit; two units are under way.
struct alignas(64) UnitBuffers {
  float scores[kAmxTileQueries][kAmxGroupKeys];
  uint32_t weights[kAmxTileQueries][kAmxGroupKeys / 2];
};

// GCC does not know what the unit's loads read: stores must be done before, whatever it would like better.
[[gnu::always_inline]] inline void finish_stores() {
  __asm__ volatile("" : : : "memory");
}

const uint32_t* query_row(const AmxAttentionTask& task, const AmxAttentionUnit& unit) {
  return task.queries + unit.tile * kAmxTileQueries * kRowWords;
}

// Registers 4 and 5 are the scores of two groups of 16 keys; a half is 32 of the 64 dimensions.
template <int kHalf>
[[gnu::always_inline]] inline void add_scores(const AmxAttentionTask& task, const AmxAttentionUnit& unit) {
  const uint32_t* keys = task.keys + unit.group * kGroupWords + kHalf * kRegisterWords;
  if (kHalf == 0) {
    _tile_zero(4);
    _tile_zero(5);
  }
  _tile_loadd(6, query_row(task, unit) + kHalf * kLanes, kRowBytes);
  _tile_loadd(7, keys, kRegisterRow);
  _tile_dpbf16ps(4, 6, 7);
  _tile_loadd(7, keys + 2 * kRegisterWords, kRegisterRow);
  _tile_dpbf16ps(5, 6, 7);
}

[[gnu::always_inline]] inline void store_scores(UnitBuffers& buffers) {
  constexpr int64_t kStride = sizeof(buffers.scores[0]);
  _tile_stored(4, buffers.scores[0], kStride);
  _tile_stored(5, buffers.scores[0] + kLanes, kStride);
}

// Registers 0 to 3 are the outputs of the tile, 6 its weights.
[[gnu::always_inline]] inline void add_left_values(const AmxAttentionTask& task, const AmxAttentionUnit& unit,
                                                   const UnitBuffers& buffers) {
  constexpr int64_t kStride = 4 * kValueWords;
  const uint32_t* values = task.values + unit.group * (kAmxGroupKeys / 2) * kValueWords;
  if (unit.is_first) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else if (unit.loads) {
    const float* outputs = task.outputs + unit.tile * kAmxTileQueries * kValueWords;
    _tile_loadd(0, outputs, kStride);
    _tile_loadd(1, outputs + 16, kStride);
    _tile_loadd(2, outputs + 32, kStride);
    _tile_loadd(3, outputs + 48, kStride);
  }
  finish_stores();
  _tile_loadd(6, buffers.weights[0], kRegisterRow);
  _tile_loadd(7, values, kStride);
  _tile_dpbf16ps(0, 6, 7);
  _tile_loadd(7, values + 16, kStride);
  _tile_dpbf16ps(1, 6, 7);
}

[[gnu::always_inline]] inline void add_right_values(const AmxAttentionTask& task,
                                                    const AmxAttentionUnit& unit) {
  constexpr int64_t kStride = 4 * kValueWords;
  const uint32_t* values = task.values + unit.group * (kAmxGroupKeys / 2) * kValueWords;
  _tile_loadd(7, values + 32, kStride);
  _tile_dpbf16ps(2, 6, 7);
  _tile_loadd(7, values + 48, kStride);
  _tile_dpbf16ps(3, 6, 7);
  if (!unit.stores) return;
  float* outputs = task.outputs + unit.tile * kAmxTileQueries * kValueWords;
  _tile_stored(0, outputs, kStride);
  _tile_stored(1, outputs + 16, kStride);
  _tile_stored(2, outputs + 32, kStride);
  _tile_stored(3, outputs + 48, kStride);
}

inline SeenKeys seen_keys(const AmxAttentionTask& task, const AmxAttentionUnit& unit) {
  return {task.query + unit.tile * kAmxTileQueries, task.key + unit.group * kAmxGroupKeys, task.visible,
          task.window};
}

// 2^(score - shift), 0 where hidden. The shift, a whole number, is taken from the score's whole part and so
// costs no bit.
template <bool kShifted>
inline __m512 weight_of(__m512 score, float shift, __mmask16 seen) {
  const __m512 power = exp2_of_fraction(_mm512_reduce_ps(score, _MM_FROUND_TO_NEG_INF));
  if (!kShifted) return _mm512_maskz_scalef_ps(seen, power, score);
  const __m512 whole = _mm512_roundscale_ps(score, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  return _mm512_maskz_scalef_ps(seen, power, _mm512_sub_ps(whole, _mm512_set1_ps(shift)));
}

// Four rows of weights from `first` on, rounded, and their sums: products with pairs of ones, so that
// rounding cannot shift a whole row one way.
template <bool kMasked, bool kShifted>
[[gnu::always_inline]] inline void weigh_rows(const AmxAttentionTask& task, const AmxAttentionUnit& unit,
                                              const SeenKeys& keys, UnitBuffers& buffers, int64_t first) {
  const __m512bh ones = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3F803F80));
  float* sums = task.sums + (unit.tile * kAmxTileQueries + first) * kLanes;
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {
    const int64_t row = first + i;
    const float shift = kShifted ? task.shifts[unit.tile * kAmxTileQueries + row] : 0.0f;
    const uint32_t seen = kMasked ? keys.of_row(row) : ~0U;
    const float* scores = buffers.scores[row];
    const __m512 left = weight_of<kShifted>(_mm512_load_ps(scores), shift, static_cast<__mmask16>(seen));
    const __m512 right =
        weight_of<kShifted>(_mm512_load_ps(scores + kLanes), shift, static_cast<__mmask16>(seen >> kLanes));
    const __m512bh pairs = _mm512_cvtne2ps_pbh(right, left);
    _mm512_store_si512(buffers.weights[row], reinterpret_cast<__m512i>(pairs));
    _mm512_store_ps(sums + i * kLanes, _mm512_dpbf16_ps(_mm512_load_ps(sums + i * kLanes), pairs, ones));
  }
}

// One turn of the pipeline: scores of one unit, weights of the one before, products with values of the one
// before that. Any of them may be missing (null) at the ends.
template <bool kMasked, bool kShifted>
[[gnu::noinline]] void turn(const AmxAttentionTask& shared_task, const AmxAttentionUnit* scored,
                            const AmxAttentionUnit* weighed, const AmxAttentionUnit* added, UnitBuffers& even,
                            UnitBuffers& odd) {
  // `even` takes the scores and holds the weights of the unit two before; `odd` is the unit between.
  const AmxAttentionTask task = shared_task;
  // What is weighed tells whether a turn is masked, so there is something.
  const SeenKeys keys = kMasked ? seen_keys(task, *weighed) : SeenKeys(0, 0, 0, 0);
  if (scored != nullptr) add_scores<0>(task, *scored);
  if (weighed != nullptr) weigh_rows<kMasked, kShifted>(task, *weighed, keys, odd, 0);
  if (scored != nullptr) add_scores<1>(task, *scored);
  if (weighed != nullptr) weigh_rows<kMasked, kShifted>(task, *weighed, keys, odd, 4);
  if (added != nullptr) add_left_values(task, *added, even);
  if (weighed != nullptr) weigh_rows<kMasked, kShifted>(task, *weighed, keys, odd, 8);
  if (added != nullptr) add_right_values(task, *added);
  if (weighed != nullptr) weigh_rows<kMasked, kShifted>(task, *weighed, keys, odd, 12);
  if (scored != nullptr) store_scores(even);
}

template <bool kShifted>
void attend_units(const AmxAttentionTask& task, std::span<const AmxAttentionUnit> units) {
  UnitBuffers buffers[2];
  const size_t count = units.size();
  for (size_t i = 0; i < count + 2; ++i) {
    const AmxAttentionUnit* scored = i < count ? &units[i] : nullptr;
    const AmxAttentionUnit* weighed = i >= 1 && i - 1 < count ? &units[i - 1] : nullptr;
    const AmxAttentionUnit* added = i >= 2 ? &units[i - 2] : nullptr;
    const auto run = weighed != nullptr && weighed->is_masked ? turn<true, kShifted> : turn<false, kShifted>;
    run(task, scored, weighed, added, buffers[i % 2], buffers[1 - i % 2]);
  }
}

}  // namespace

void pack_amx_keys(const uint32_t* rows, int64_t groups, uint32_t* keys) {
  for (int64_t tile = 0; tile < 2 * groups; ++tile, rows += kLanes * kRowWords) {
    for (int64_t word = 0; word < kRowWords; word += kLanes, keys += kRegisterWords) {
      __m512i block[kLanes];
#pragma GCC unroll 16
      for (int64_t r = 0; r < kLanes; ++r) block[r] = _mm512_loadu_si512(rows + r * kRowWords + word);
      transpose_tile(block);
#pragma GCC unroll 16
      for (int64_t r = 0; r < kLanes; ++r) _mm512_store_si512(keys + r * kLanes, block[r]);
    }
  }
  finish_stores();
}

void attend_amx_units(const AmxAttentionTask& task, std::span<const AmxAttentionUnit> units) {
  if (task.shifts != nullptr) return attend_units<true>(task, units);
  attend_units<false>(task, units);
}

// Seldom called.
void raise_amx_maxima(const AmxAttentionTask& task, std::span<const AmxAttentionUnit> units, float* maxima) {
  UnitBuffers buffers;
  for (const AmxAttentionUnit& unit : units) {
    add_scores<0>(task, unit);
    add_scores<1>(task, unit);
    store_scores(buffers);
    const SeenKeys keys = seen_keys(task, unit);
    for (int64_t row = 0; row < kAmxTileQueries; ++row) {
      const uint32_t seen = keys.of_row(row);
      float& maximum = maxima[unit.tile * kAmxTileQueries + row];
      for (int64_t key = 0; key < kAmxGroupKeys; ++key) {
        if (seen >> key & 1U) maximum = std::max(maximum, buffers.scores[row][key]);
      }
    }
  }
}

void total_amx_sums(const float* sums, int64_t rows, float* totals) {
  for (int64_t r = 0; r < rows; ++r) totals[r] = _mm512_reduce_add_ps(_mm512_load_ps(sums + r * kLanes));
}

}  // namespace modernbert
#else
namespace modernbert {

void pack_amx_keys(const uint32_t*, int64_t, uint32_t*) {}
void attend_amx_units(const AmxAttentionTask&, std::span<const AmxAttentionUnit>) {}
void raise_amx_maxima(const AmxAttentionTask&, std::span<const AmxAttentionUnit>, float*) {}
void total_amx_sums(const float*, int64_t, float*) {}

}  // namespace modernbert
#endif
