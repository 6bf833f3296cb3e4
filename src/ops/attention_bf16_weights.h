// From scores to bf16 softmax weights: the vector part of attention_bf16.
#pragma once

#include <cstdint>

#include "ops/attention_bf16.h"

namespace modernbert {

// The softmax weights of up to kKeyBlock keys.
struct WeightTask {
  const float* scores;    // [keys][64]
  uint32_t* weights;      // [pairs][72]
  float* sums;            // [64], added to in key order
  const int32_t* shifts;  // [64] weights are 2^(s - shift)
  int64_t query_begin;
  int64_t key_begin;  // even
  int64_t keys;       // even
  int64_t visible;
  int64_t window;
};

// weights = 2^(scores - shifts), 0 where hidden, rounded to bf16 in pairs of keys; sums += the unrounded
// ones.
void weigh_scores(const WeightTask& task);

// maxima[64] = the larger of itself and the scores of the visible keys.
void raise_maxima(const WeightTask& task, float* maxima);

}  // namespace modernbert
