#include "ops/attention_bf16_weights.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention_bf16_weights.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/attention_mask-inl.h"
#include "ops/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {

using Words = hn::RebindToUnsigned<QueryFloats>;
constexpr Words kWords;

// Rounded to bf16 (nearest even), in the high half of each word; for finite values and NaN that are not
// negative.
HWY_INLINE hn::Vec<Words> round_to_bf16(hn::Vec<QueryFloats> value) {
  const auto bits = hn::BitCast(kWords, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(kWords, 1u));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(kWords, 0x7FFFu)));
  return hn::And(rounded, hn::Set(kWords, 0xFFFF0000u));
}

// The sums are those of the rounded weights, so that rounding cannot shift all of a row's results one way.
void weigh_block(const WeightTask& task) {
  constexpr int64_t kRows = Bf16AttentionScratch::kRows;
  for (int64_t column = 0; column < kRows; column += kQueryLanes) {
    const int64_t query = task.query_begin + column;
    const auto shift = hn::LoadU(kQueryInts, task.shifts + column);
    auto sum = hn::LoadU(kQueryFloats, task.sums + column);
    const auto weight_of = [&](int64_t j) HWY_ATTR {
      const int64_t key = task.key_begin + j;
      auto weight =
          exp2_shifted(kQueryFloats, hn::LoadU(kQueryFloats, task.scores + j * kRows + column), shift);
      if (!all_see(query, kQueryLanes, key, 1, task.visible, task.window)) {
        const auto hidden = hidden_queries(query, key, task.visible, task.window);
        weight = hn::IfThenZeroElse(hn::RebindMask(kQueryFloats, hidden), weight);
      }
      const auto rounded = round_to_bf16(weight);
      sum = hn::Add(sum, hn::BitCast(kQueryFloats, rounded));
      return rounded;
    };
    for (int64_t j = 0; j < task.keys; j += 2) {
      const auto first = weight_of(j);
      const auto second = weight_of(j + 1);
      hn::StoreU(hn::Or(hn::ShiftRight<16>(first), second), kWords,
                 task.weights + j / 2 * Bf16AttentionScratch::kPaddedRows + column);
    }
    hn::StoreU(sum, kQueryFloats, task.sums + column);
  }
}

// maxima[q] = max over the visible keys of a block.
void raise_block_maxima(const WeightTask& task, float* maxima) {
  for (int64_t column = 0; column < Bf16AttentionScratch::kRows; column += kQueryLanes) {
    auto maximum = hn::LoadU(kQueryFloats, maxima + column);
    for (int64_t j = 0; j < task.keys; ++j) {
      const auto score = hn::LoadU(kQueryFloats, task.scores + j * Bf16AttentionScratch::kRows + column);
      const auto hidden =
          hidden_queries(task.query_begin + column, task.key_begin + j, task.visible, task.window);
      maximum = hn::IfThenElse(hn::RebindMask(kQueryFloats, hidden), maximum, hn::Max(maximum, score));
    }
    hn::StoreU(maximum, kQueryFloats, maxima + column);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(weigh_block);
HWY_EXPORT(raise_block_maxima);

void weigh_scores(const WeightTask& task) {
  HWY_DYNAMIC_DISPATCH(weigh_block)(task);
}

void raise_maxima(const WeightTask& task, float* maxima) {
  HWY_DYNAMIC_DISPATCH(raise_block_maxima)(task, maxima);
}

}  // namespace modernbert
#endif
