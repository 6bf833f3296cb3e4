// The inner loops of attention on the matrix unit, bf16, heads of 64. Work comes in units of 16 queries by 32
// keys: scores on the unit, softmax weights on vectors, weights times values on the unit again. The three
// steps of neighbouring units overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace modernbert {

inline constexpr int64_t kAmxTileQueries = 16;
inline constexpr int64_t kAmxGroupKeys = 32;

struct AmxAttentionUnit {
  int32_t tile;    // of 16 queries, counted from the block's first
  int32_t group;   // of 32 keys, counted from the packed ones' first
  bool is_masked;  // some of its pairs are hidden
  bool is_first;   // of the tile: outputs start at zero
  bool loads;      // outputs so far are taken up from memory
  bool stores;     // outputs are left in memory
};

struct AmxAttentionTask {
  const uint32_t* queries;  // [rows up to whole tiles][32 words], row-major
  const uint32_t* keys;     // packed: pack_amx_keys
  const uint32_t* values;   // [keys / 2][64 words]: pairs of keys
  float* outputs;           // [tiles * 16, 64]
  float* sums;  // [tiles * 16, 16] of the rounded weights: lane i has the keys 2i and 2i+1 of every group
  const float* shifts;  // [tiles * 16] whole numbers, weights are 2^(score - shift); null: no shifts
  int64_t query;        // index of the first query
  int64_t key;          // index of the first key of group 0
  int64_t visible;      // hidden keys' weights are zero; their values must be finite
  int64_t window;
};

// Groups of 32 rows of k become [group][2 x 16 keys][2 x 32 dimensions][16 pairs][16 keys].
void pack_amx_keys(const uint32_t* rows, int64_t groups, uint32_t* keys);

// Adds the units' weights to sums, and weights times values to outputs. A tile's units come in the order of
// their keys. The registers must be configured (AmxScope); only where cpu_has_amx_bf16().
void attend_amx_units(const AmxAttentionTask& task, std::span<const AmxAttentionUnit> units);

// maxima[tiles * 16] = the larger of itself and the scores of the visible keys.
void raise_amx_maxima(const AmxAttentionTask& task, std::span<const AmxAttentionUnit> units, float* maxima);

// totals[r] = the sum of the 16 lanes of row r of sums, in an order of its own.
void total_amx_sums(const float* sums, int64_t rows, float* totals);

}  // namespace modernbert
