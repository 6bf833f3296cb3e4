#include "training/optimizer/batch_warmup.h"

#include <algorithm>

#include "core/check.h"

namespace modernbert {

BatchWarmup::BatchWarmup(int64_t min, int64_t max, int64_t tokens) : max_(max) {
  MB_CHECK(min >= 1 && min <= max && tokens >= 0);
  int64_t all = 0, so_far = 0;
  for (int64_t size = min; size < max; ++size) all += size;
  for (int64_t size = min; size < max; ++size) {
    so_far += size;
    // 128 bits: tokens reach 10^12, sums of sizes 10^7.
    __extension__ using int128 = __int128;
    const int128 product = static_cast<int128>(tokens) * so_far;
    ends_.push_back(static_cast<int64_t>((product + all - 1) / all));
  }
}

int64_t BatchWarmup::size_at(int64_t tokens) const {
  const auto passed = std::ranges::upper_bound(ends_, tokens) - ends_.begin();
  return max_ - static_cast<int64_t>(ends_.size()) + passed;
}

int64_t BatchWarmup::count_steps(int64_t total, int64_t tokens_per_micro_batch) const {
  int64_t steps = 0, tokens = 0;
  for (const int64_t end : ends_) {
    const int64_t step_tokens = size_at(tokens) * tokens_per_micro_batch;
    const int64_t left = std::min(end, total) - tokens;
    if (left <= 0) continue;
    const int64_t count = (left + step_tokens - 1) / step_tokens;
    steps += count;
    tokens += count * step_tokens;
  }
  const int64_t left = total - tokens, step_tokens = max_ * tokens_per_micro_batch;
  return left <= 0 ? steps : steps + (left + step_tokens - 1) / step_tokens;
}

}  // namespace modernbert
