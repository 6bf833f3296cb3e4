// The attention kernels, written once: `Element` (float_elements_avx512-inl.h) multiplies words, `Weights`
// says how softmax weights are made, rounded and stored. Included by one file per element type.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "ops/attention_panel.h"
#include "ops/transpose_avx512-inl.h"

namespace modernbert {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kStride = kAttentionBlockRows;  // words between depths of a block of queries

// Vectors [begin, end) of the block that see any of a group of keys.
struct LiveVectors {
  int64_t begin;
  int64_t end;
  bool whole;  // each of their queries sees each of the keys
  bool operator==(const LiveVectors&) const = default;
};

inline LiveVectors live_vectors(const WeighTask& task, int64_t key) {
  const int64_t last = std::min(key + kAttentionKeyGroup, task.visible) - 1;
  LiveVectors live{0, task.vectors, key + kAttentionKeyGroup <= task.visible};
  if (last < key) return {0, 0, true};
  if (task.window < 0) return live;
  const auto query = [&](int64_t vector) { return task.query + vector * kLanes; };
  while (live.begin < live.end && query(live.begin + 1) - 1 < key - task.window) ++live.begin;
  while (live.end > live.begin && query(live.end - 1) > last + task.window) --live.end;
  live.whole =
      live.whole && query(live.end) - 1 - key <= task.window && last - query(live.begin) <= task.window;
  return live;
}

// Lanes whose query sees the key.
inline __mmask16 seeing(__m512i queries, int64_t key, const WeighTask& task) {
  if (key >= task.visible) return 0;
  const __m512i distance =
      _mm512_abs_epi32(_mm512_sub_epi32(queries, _mm512_set1_epi32(static_cast<int>(key))));
  const int64_t limit = task.window < 0 ? INT32_MAX : std::min<int64_t>(task.window, INT32_MAX);
  return _mm512_cmple_epi32_mask(distance, _mm512_set1_epi32(static_cast<int>(limit)));
}

inline __m512i query_indices(const WeighTask& task, int64_t vector) {
  const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  return _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(task.query + vector * kLanes)));
}

// 2^(score - shift) for a whole shift: exact in the shift, whatever the score.
template <class Weights>
inline __m512 weight_of(__m512 score, __m512 shift) {
  const __m512 whole = _mm512_roundscale_ps(score, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 power = Weights::exp2_fraction(_mm512_sub_ps(score, whole));
  return _mm512_scalef_ps(power, _mm512_sub_ps(whole, shift));
}

// kWords words of the products of kKeys keys and kVectors vectors of queries.
template <class Element, int64_t kWords, int kKeys, int kVectors>
[[gnu::always_inline]] inline void add_scores(const uint32_t* keys, const uint32_t* queries,
                                              __m512 (&scores)[kKeys][kVectors]) {
  constexpr int64_t kRowWords = kPanelHeadDim / Element::kValuesPerWord;
  for (int64_t i = 0; i < kWords; ++i) {
    __m512i columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = _mm512_loadu_si512(queries + i * kStride + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kKeys; ++r) {
      const __m512i factor = _mm512_set1_epi32(static_cast<int>(keys[r * kRowWords + i]));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        scores[r][v] = Element::multiply_add(columns[v], factor, scores[r][v]);
    }
  }
}

// A range of keys, kKeys at a time, against kVectors vectors of queries from `first` on.
template <class Element, class Weights, int kVectors, bool kMasked>
class Weigher {
 public:
  Weigher(const WeighTask& task, int64_t first, int64_t begin, int64_t end)
      : task_(task), first_(first), begin_(begin), end_(end) {}

  // While the scores of one tile are formed, a word at a time the weights of the tile before are made: the
  // two kinds of work use different parts of the CPU.
  [[gnu::noinline]] void run() {
    for (int64_t key = begin_; key < end_; key += kKeys) {
      __m512 scores[kKeys][kVectors];
#pragma GCC unroll 16
      for (int r = 0; r < kKeys; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) scores[r][v] = _mm512_setzero_ps();
      }
      const uint32_t* keys = task_.key_rows + (key - task_.key) * kRowWords;
      for (int64_t unit = 0; unit < kUnits; ++unit) {
        const int64_t word = unit * kUnitWords;
        add_scores<Element, kUnitWords>(keys + word, task_.queries + word * kStride + first_ * kLanes,
                                        scores);
        if (key > begin_) weigh_word(key - kKeys, unit);
      }
#pragma GCC unroll 16
      for (int r = 0; r < kKeys; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) _mm512_store_ps(scores_[r] + v * kLanes, scores[r][v]);
      }
    }
    for (int64_t unit = 0; unit < kUnits; ++unit) weigh_word(end_ - kKeys, unit);
  }

 private:
  static constexpr int kKeys = kVectors == 1 ? 16 : kVectors == 2 ? 8 : 4;
  static constexpr int kPerWord = Element::kValuesPerWord;
  static constexpr int64_t kUnits = kKeys / kPerWord;
  static constexpr int64_t kRowWords = kPanelHeadDim / kPerWord;
  static constexpr int64_t kUnitWords = kRowWords / kUnits;

  // Weights of the tile's keys that share word `unit`.
  [[gnu::always_inline]] void weigh_word(int64_t tile_key, int64_t unit) {
    const int64_t key = tile_key + unit * kPerWord;
    uint32_t* to = task_.weights + (key - task_.key) / kPerWord * kStride + first_ * kLanes;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __m512 shift = _mm512_loadu_ps(task_.shifts + (first_ + v) * kLanes);
      __m512 weights[kPerWord];
#pragma GCC unroll 2
      for (int i = 0; i < kPerWord; ++i) {
        const __m512 score = _mm512_load_ps(scores_[unit * kPerWord + i] + v * kLanes);
        weights[i] = weight_of<Weights>(score, shift);
        if (kMasked)
          weights[i] =
              _mm512_maskz_mov_ps(seeing(query_indices(task_, first_ + v), key + i, task_), weights[i]);
      }
      float* sums = task_.sums + (first_ + v) * kLanes;
      _mm512_storeu_ps(sums, Weights::store(weights, _mm512_loadu_ps(sums), to + v * kLanes));
    }
  }

  const WeighTask task_;
  const int64_t first_, begin_, end_;
  alignas(64) float scores_[kKeys][kVectors * kLanes];  // of the tile before
};

template <class Element, class Weights, bool kMasked>
inline void weigh_range(const WeighTask& task, const LiveVectors& live, int64_t begin, int64_t end) {
  switch (live.end - live.begin) {
    case 1:
      return Weigher<Element, Weights, 1, kMasked>(task, live.begin, begin, end).run();
    case 2:
      return Weigher<Element, Weights, 2, kMasked>(task, live.begin, begin, end).run();
    case 3:
      return Weigher<Element, Weights, 3, kMasked>(task, live.begin, begin, end).run();
  }
}

// Zeros for vectors [first, last) of the block.
template <class Element>
inline void clear_weights(const WeighTask& task, int64_t begin, int64_t end, int64_t first, int64_t last) {
  for (int64_t key = begin; key < end; key += Element::kValuesPerWord) {
    uint32_t* to = task.weights + (key - task.key) / Element::kValuesPerWord * kStride;
    for (int64_t v = first; v < last; ++v) _mm512_storeu_si512(to + v * kLanes, _mm512_setzero_si512());
  }
}

template <class Element, class Weights>
void weigh(const WeighTask& task) {
  const int64_t task_end = task.key + task.keys;
  for (int64_t begin = task.key, end; begin < task_end; begin = end) {
    const LiveVectors live = live_vectors(task, begin);
    for (end = begin + kAttentionKeyGroup; end < task_end && live_vectors(task, end) == live;)
      end += kAttentionKeyGroup;
    clear_weights<Element>(task, begin, end, 0, live.begin);
    clear_weights<Element>(task, begin, end, live.end, task.vectors);
    if (live.whole) {
      weigh_range<Element, Weights, false>(task, live, begin, end);
    } else {
      weigh_range<Element, Weights, true>(task, live, begin, end);
    }
  }
}

// Seldom called: one vector at a time.
template <class Element>
void raise_maxima(const WeighTask& task, float* maxima) {
  constexpr int64_t kRowWords = kPanelHeadDim / Element::kValuesPerWord;
  for (int64_t key = 0; key < task.keys; key += kAttentionKeyGroup) {
    for (int64_t vector = 0; vector < task.vectors; ++vector) {
      __m512 scores[kAttentionKeyGroup][1];
      for (auto& score : scores) score[0] = _mm512_setzero_ps();
      add_scores<Element, kRowWords>(task.key_rows + key * kRowWords, task.queries + vector * kLanes, scores);
      const __m512i queries = query_indices(task, vector);
      __m512 maximum = _mm512_loadu_ps(maxima + vector * kLanes);
      for (int64_t r = 0; r < kAttentionKeyGroup; ++r)
        maximum =
            _mm512_mask_max_ps(maximum, seeing(queries, task.key + key + r, task), maximum, scores[r][0]);
      _mm512_storeu_ps(maxima + vector * kLanes, maximum);
    }
  }
}

struct HeadRow {
  __m512 values[4];
};

// As rope_rotate, with fused multiply-adds.
inline HeadRow rotated(const float* values, const float* cos, const float* sin, float scale) {
  HeadRow row;
  const __m512 factor = _mm512_set1_ps(scale);
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    const __m512 a = _mm512_loadu_ps(values + i * kLanes), b = _mm512_loadu_ps(values + (i + 2) * kLanes);
    const __m512 c = _mm512_loadu_ps(cos + i * kLanes), s = _mm512_loadu_ps(sin + i * kLanes);
    row.values[i] = _mm512_mul_ps(_mm512_fmsub_ps(a, c, _mm512_mul_ps(b, s)), factor);
    row.values[i + 2] = _mm512_mul_ps(_mm512_fmadd_ps(b, c, _mm512_mul_ps(a, s)), factor);
  }
  return row;
}

template <class Element>
void transpose(const uint32_t* in, int64_t rows, uint32_t* out) {
  constexpr int64_t kRowWords = kPanelHeadDim / Element::kValuesPerWord;
  for (int64_t begin = 0; begin < rows; begin += kLanes) {
    const int64_t count = std::min(kLanes, rows - begin);
    for (int64_t word = 0; word < kRowWords; word += kLanes) {
      __m512i tile[kLanes];
#pragma GCC unroll 16
      for (int64_t r = 0; r < kLanes; ++r) {
        tile[r] =
            r < count ? _mm512_loadu_si512(in + (begin + r) * kRowWords + word) : _mm512_setzero_si512();
      }
      transpose_tile(tile);
#pragma GCC unroll 16
      for (int64_t i = 0; i < kLanes; ++i) _mm512_storeu_si512(out + (word + i) * kStride + begin, tile[i]);
    }
  }
}

}  // namespace
}  // namespace modernbert
