// The attention kernels, written once: `Element` (float_elements_avx512-inl.h) multiplies words, `Weights`
// says how softmax weights are made, rounded and stored. Included by one file per element type.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "ops/attention/attention_band.h"
#include "ops/attention/attention_panel.h"
#include "ops/vector/transpose_avx512-inl.h"

namespace modernbert {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kHalfHead = kPanelHeadDim / 2;
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

// 2^(score - shift) for a whole shift, exact in the shift whatever the score; 0 in hidden lanes.
template <class Weights>
inline __m512 weight_of(__m512 score, __m512 shift, __mmask16 seen) {
  const __m512 whole = _mm512_roundscale_ps(score, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 power = Weights::exp2_fraction(_mm512_sub_ps(score, whole));
  return _mm512_maskz_scalef_ps(seen, power, _mm512_sub_ps(whole, shift));
}

// kWords words of the products of kKeys keys and kVectors vectors of queries. Unrolled as a whole: a loop
// within the loop over tiles would cost two copies of each sum a word with GCC 12.
template <class Element, int64_t kWords, int kKeys, int kVectors>
[[gnu::always_inline]] inline void add_scores(const uint32_t* keys, const uint32_t* queries,
                                              __m512 (&scores)[kKeys][kVectors]) {
  constexpr int64_t kRowWords = kPanelHeadDim / Element::kValuesPerWord;
#pragma GCC unroll 16
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

  [[gnu::always_inline]] void run() {
    form_tile<false>(begin_);
    for (int64_t key = begin_ + kKeys; key < end_; key += kKeys) form_tile<true>(key);
    for (int64_t unit = 0; unit < kUnits; ++unit) weigh_word(end_ - kKeys, unit);
  }

 private:
  static constexpr int kKeys = kVectors == 1 ? 16 : kVectors == 2 ? 8 : 4;
  static constexpr int kPerWord = Element::kValuesPerWord;
  static constexpr int64_t kUnits = kKeys / kPerWord;
  static constexpr int64_t kRowWords = kPanelHeadDim / kPerWord;
  static constexpr int64_t kUnitWords = kRowWords / kUnits;

  // Scores of the keys from `key` on. While they are formed, a word at a time the weights of the tile before
  // are made: the two kinds of work use different parts of the CPU.
  template <bool kWeighs>
  [[gnu::always_inline]] void form_tile(int64_t key) {
    __m512 scores[kKeys][kVectors];
#pragma GCC unroll 16
    for (int r = 0; r < kKeys; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) scores[r][v] = _mm512_setzero_ps();
    }
    const uint32_t* keys = task_.key_rows + (key - task_.key) * kRowWords;
    for (int64_t unit = 0; unit < kUnits; ++unit) {
      const int64_t word = unit * kUnitWords;
      add_scores<Element, kUnitWords>(keys + word, task_.queries + word * kStride + first_ * kLanes, scores);
      if (kWeighs) weigh_word(key - kKeys, unit);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kKeys; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) _mm512_store_ps(scores_[r] + v * kLanes, scores[r][v]);
    }
  }

  // Of the queries from the first vector on those that see the key.
  uint64_t seeing(int64_t key) const {
    if (!kMasked) return ~uint64_t{0};
    return queries_seeing(key, task_.query + first_ * kLanes, task_.visible, task_.window);
  }

  // Weights of the tile's keys that share word `unit`.
  [[gnu::always_inline]] void weigh_word(int64_t tile_key, int64_t unit) {
    const int64_t key = tile_key + unit * kPerWord;
    uint32_t* to = task_.weights + (key - task_.key) / kPerWord * kStride + first_ * kLanes;
    uint64_t seen[kPerWord];
#pragma GCC unroll 2
    for (int i = 0; i < kPerWord; ++i) seen[i] = seeing(key + i);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __m512 shift = _mm512_loadu_ps(task_.shifts + (first_ + v) * kLanes);
      __m512 weights[kPerWord];
#pragma GCC unroll 2
      for (int i = 0; i < kPerWord; ++i) {
        const __m512 score = _mm512_load_ps(scores_[unit * kPerWord + i] + v * kLanes);
        weights[i] = weight_of<Weights>(score, shift, static_cast<__mmask16>(seen[i] >> (v * kLanes)));
      }
      float* sums = task_.sums + (first_ + v) * kLanes;
      _mm512_storeu_ps(sums, Weights::store(weights, _mm512_loadu_ps(sums), to + v * kLanes));
    }
  }

  const WeighTask task_;
  const int64_t first_, begin_, end_;
  alignas(64) float scores_[kKeys][kVectors * kLanes];  // of the tile before
};

template <class Element, class Weights, int kVectors, bool kMasked>
[[gnu::noinline]] void weigh_tiles(const WeighTask& task, int64_t first, int64_t begin, int64_t end) {
  Weigher<Element, Weights, kVectors, kMasked>(task, first, begin, end).run();
}

template <class Element, class Weights, bool kMasked>
inline void weigh_range(const WeighTask& task, const LiveVectors& live, int64_t begin, int64_t end) {
  switch (live.end - live.begin) {
    case 1:
      return weigh_tiles<Element, Weights, 1, kMasked>(task, live.begin, begin, end);
    case 2:
      return weigh_tiles<Element, Weights, 2, kMasked>(task, live.begin, begin, end);
    case 3:
      return weigh_tiles<Element, Weights, 3, kMasked>(task, live.begin, begin, end);
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
      __m512 maximum = _mm512_loadu_ps(maxima + vector * kLanes);
      for (int64_t r = 0; r < kAttentionKeyGroup; ++r) {
        const uint64_t seen =
            queries_seeing(task.key + key + r, task.query + vector * kLanes, task.visible, task.window);
        maximum = _mm512_mask_max_ps(maximum, static_cast<__mmask16>(seen), maximum, scores[r][0]);
      }
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
