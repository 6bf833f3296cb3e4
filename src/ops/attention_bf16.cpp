#include "ops/attention_bf16.h"

#include <algorithm>
#include <cmath>

#include "ops/attention.h"
#include "ops/attention_bf16_weights.h"
#include "ops/panel_kernel.h"

namespace modernbert {
namespace {

using Scratch = Bf16AttentionScratch;
constexpr int64_t kWordsPerRow = kBf16HeadDim / 2;
constexpr float kNoBias[kPanelColumns] = {};

// A block of 64 queries on its way through the keys it can see.
class Block {
 public:
  Block(const Bf16AttentionHead& head, int64_t begin, Scratch& scratch)
      : head_(head), begin_(begin), rows_(std::min(Scratch::kRows, head.length - begin)), scratch_(scratch) {
    key_end_ = head.visible;
    if (head.window >= 0) {
      key_begin_ = std::max<int64_t>(0, begin - head.window) / 2 * 2;
      key_end_ = std::min(key_end_, begin + rows_ + head.window);
    }
    transpose_queries();
  }

  void run(MatView<float> out) {
    run_pass();
    if (!std::all_of(sums_, sums_ + rows_, [](float sum) { return sum >= 0x1p-60f && sum <= 0x1p100f; })) {
      set_shifts_to_maxima();
      run_pass();
    }
    for (int64_t r = 0; r < rows_; ++r) {
      const float scale = sums_[r] == 0.0f ? 0.0f : 1.0f / sums_[r];
      const float* from = scratch_.outputs.data() + r * kBf16HeadDim;
      for (int64_t i = 0; i < kBf16HeadDim; ++i) out.row_data(begin_ + r)[i] = from[i] * scale;
    }
  }

 private:
  void transpose_queries() {
    uint32_t* words = scratch_.queries.data();
    for (int64_t r = 0; r < Scratch::kRows; ++r) {
      const uint32_t* q = head_.q + (begin_ + r) * kWordsPerRow;
      for (int64_t i = 0; i < kWordsPerRow; ++i) words[i * Scratch::kRows + r] = r < rows_ ? q[i] : 0u;
    }
  }

  // Scores of the keys [key, key + keys), rounded up to whole groups of 6.
  void score_keys(int64_t key, int64_t keys) {
    PanelTask task{};
    task.row_stride = kWordsPerRow;
    task.depth_stride = 1;
    task.panel = scratch_.queries.data();
    task.depth = kWordsPerRow;
    task.bias = kNoBias;
    task.out_stride = Scratch::kRows;
    for (int64_t j = 0; j < keys; j += kPanelRows) {
      task.rows = head_.k + (key + j) * kWordsPerRow;
      task.out = scratch_.scores.data() + j * Scratch::kRows;
      kernel_(task);
    }
  }

  // outputs += weights · v, each group of 6 queries over the keys of the block that any of them sees.
  void accumulate_values(int64_t key, int64_t keys) {
    PanelTask task{};
    task.row_stride = 1;
    task.depth_stride = Scratch::kPaddedRows;
    task.out_stride = kBf16HeadDim;
    for (int64_t r = 0; r < rows_; r += kPanelRows) {
      int64_t first = key, last = key + keys;
      if (head_.window >= 0) {
        first = std::max(first, (begin_ + r - head_.window) / 2 * 2);
        last = std::min(last, (begin_ + r + kPanelRows + head_.window + 1) / 2 * 2);
      }
      if (first >= last) continue;
      task.rows = scratch_.weights.data() + (first - key) / 2 * Scratch::kPaddedRows + r;
      task.panel = head_.v + first / 2 * kBf16HeadDim;
      task.depth = (last - first) / 2;
      task.out = scratch_.outputs.data() + r * kBf16HeadDim;
      kernel_(task);
    }
  }

  WeightTask weight_task(int64_t key, int64_t keys) {
    return {scratch_.scores.data(),
            scratch_.weights.data(),
            sums_,
            shifts_,
            begin_,
            key,
            keys,
            head_.visible,
            head_.window};
  }

  // Calls f(key, keys) for the blocks of visible keys; keys is even, its last key may be hidden.
  template <class F>
  void for_each_key_block(F f) {
    for (int64_t key = key_begin_; key < key_end_; key += Scratch::kKeyBlock) {
      f(key, (std::min(Scratch::kKeyBlock, key_end_ - key) + 1) / 2 * 2);
    }
  }

  void run_pass() {
    std::fill_n(sums_, Scratch::kRows, 0.0f);
    std::fill_n(scratch_.outputs.data(), Scratch::kPaddedRows * kBf16HeadDim, 0.0f);
    for_each_key_block([&](int64_t key, int64_t keys) {
      score_keys(key, keys);
      weigh_scores(weight_task(key, keys));
      accumulate_values(key, keys);
    });
  }

  void set_shifts_to_maxima() {
    float maxima[Scratch::kRows];
    std::fill_n(maxima, Scratch::kRows, -INFINITY);
    for_each_key_block([&](int64_t key, int64_t keys) {
      score_keys(key, keys);
      raise_maxima(weight_task(key, keys), maxima);
    });
    for (int64_t r = 0; r < Scratch::kRows; ++r) shifts_[r] = softmax_shift(maxima[r]);
  }

  const Bf16AttentionHead& head_;
  int64_t begin_, rows_;
  int64_t key_begin_ = 0, key_end_ = 0;
  Scratch& scratch_;
  PanelKernel kernel_ = bf16_panel_kernel();
  float sums_[Scratch::kRows];
  int32_t shifts_[Scratch::kRows] = {};
};

}  // namespace

bool has_bf16_attention(int64_t head_dim) {
  return head_dim == kBf16HeadDim && bf16_panel_kernel() != nullptr;
}

void attention_block_bf16(const Bf16AttentionHead& head, int64_t query_begin, Bf16AttentionScratch& scratch,
                          MatView<float> out) {
  MB_DCHECK(out.cols == kBf16HeadDim && query_begin % Scratch::kRows == 0);
  Block(head, query_begin, scratch).run(out);
}

}  // namespace modernbert
