#include "ops/attention/attention_panel.h"

#include <algorithm>
#include <cmath>

#include "ops/attention/attention.h"

namespace modernbert {
namespace {

using Scratch = PanelAttentionScratch;
constexpr float kZeros[kPanelColumns] = {};

int64_t even_above(int64_t value) {
  return (value + 1) / 2 * 2;
}

// A block of queries on its way through the keys it can see.
class Block {
 public:
  Block(const AttentionKernels& kernels, const PanelAttentionHead& head, int64_t begin, Scratch& scratch)
      : kernels_(kernels),
        head_(head),
        begin_(begin),
        rows_(std::min(Scratch::kRows, head.length - begin)),
        scratch_(scratch) {
    const Keys keys = keys_of(0, rows_);
    key_begin_ = keys.begin / kAttentionKeyGroup * kAttentionKeyGroup;
    key_end_ = keys.end;
    kernels_.transpose(head_.q + begin_ * kernels_.row_words(), rows_, scratch_.queries.data());
  }

  void run(std::byte* out, int64_t stride) {
    run_pass();
    if (!std::all_of(sums_, sums_ + rows_, [](float sum) { return sum >= 0x1p-60f && sum <= 0x1p100f; })) {
      set_shifts_to_maxima();
      run_pass();
    }
    for (int64_t r = 0; r < rows_; ++r) sums_[r] = sums_[r] == 0.0f ? 0.0f : 1.0f / sums_[r];
    kernels_.store_scaled(scratch_.outputs.data(), sums_, rows_, out, stride);
  }

 private:
  struct Keys {
    int64_t begin;  // even
    int64_t end;    // even; at most one past the last visible key
  };

  // Keys that any of the block's rows [row, row + rows) sees.
  Keys keys_of(int64_t row, int64_t rows) const {
    if (head_.window < 0) return {0, even_above(head_.visible)};
    const int64_t begin = std::max<int64_t>(0, begin_ + row - head_.window) / 2 * 2;
    const int64_t end = std::min(head_.visible, begin_ + row + rows + head_.window);
    return {begin, std::max(begin, even_above(end))};
  }

  // Keys [begin, end) and what fills the last group.
  WeighTask weigh_task(int64_t begin, int64_t end) {
    WeighTask task{};
    task.queries = scratch_.queries.data();
    task.key_rows = head_.k + begin * kernels_.row_words();
    task.weights = scratch_.weights.data();
    task.sums = sums_;
    task.shifts = shifts_;
    task.vectors = (rows_ + 15) / 16;
    task.query = begin_;
    task.key = begin;
    task.keys = (end - begin + kAttentionKeyGroup - 1) / kAttentionKeyGroup * kAttentionKeyGroup;
    task.visible = head_.visible;
    task.window = head_.window;
    return task;
  }

  // outputs += weights · v over the keys [begin, end), each group of 6 queries over those that it sees.
  void accumulate_values(int64_t begin, int64_t end) {
    PanelTask task{};
    task.row_stride = 1;
    task.depth_stride = Scratch::kRows;
    task.out_stride = kPanelHeadDim;
    for (int64_t r = 0; r < rows_; r += kPanelRows) {
      const Keys keys = keys_of(r, kPanelRows);
      const int64_t first = std::max(keys.begin, begin), last = std::min(keys.end, end);
      if (first >= last) continue;
      task.rows = scratch_.weights.data() + (first - begin) / kernels_.values_per_word * Scratch::kRows + r;
      task.panel = head_.v + first / kernels_.values_per_word * kPanelHeadDim;
      task.depth = (last - first) / kernels_.values_per_word;
      const bool is_first = first == keys.begin;
      task.out = scratch_.outputs.data() + r * kPanelHeadDim;
      task.start = is_first ? kZeros : task.out;
      task.start_stride = is_first ? 0 : task.out_stride;
      kernels_.multiply(task);
    }
  }

  // Outputs of the groups of 6 queries that see no key at all.
  void clear_blind_rows() {
    for (int64_t r = 0; r < rows_; r += kPanelRows) {
      const Keys keys = keys_of(r, kPanelRows);
      if (keys.begin < keys.end) continue;
      std::fill_n(scratch_.outputs.data() + r * kPanelHeadDim, kPanelRows * kPanelHeadDim, 0.0f);
    }
  }

  void run_pass() {
    std::fill_n(sums_, Scratch::kRows, 0.0f);
    clear_blind_rows();
    for (int64_t key = key_begin_; key < key_end_; key += Scratch::kKeyBlock) {
      const int64_t end = std::min(key + Scratch::kKeyBlock, key_end_);
      kernels_.weigh(weigh_task(key, end));
      accumulate_values(key, end);
    }
  }

  void set_shifts_to_maxima() {
    float maxima[Scratch::kRows];
    std::fill_n(maxima, Scratch::kRows, -INFINITY);
    if (key_begin_ < key_end_) kernels_.raise_maxima(weigh_task(key_begin_, key_end_), maxima);
    for (int64_t r = 0; r < Scratch::kRows; ++r) shifts_[r] = static_cast<float>(softmax_shift(maxima[r]));
  }

  const AttentionKernels& kernels_;
  const PanelAttentionHead& head_;
  int64_t begin_, rows_;
  int64_t key_begin_ = 0, key_end_ = 0;
  Scratch& scratch_;
  float sums_[Scratch::kRows];
  float shifts_[Scratch::kRows] = {};
};

}  // namespace

Scratch::PanelAttentionScratch()
    : queries(kPanelHeadDim * kRows), weights(kKeyBlock * kRows), outputs(kRows * kPanelHeadDim) {
  // Groups of 6 queries may reach past the last whole vector; what is there must be finite.
  std::fill_n(weights.data(), kKeyBlock * kRows, 0u);
}

void attention_block(const AttentionKernels& kernels, const PanelAttentionHead& head, int64_t query_begin,
                     Scratch& scratch, std::byte* out, int64_t stride) {
  MB_DCHECK(query_begin % Scratch::kRows == 0);
  Block(kernels, head, query_begin, scratch).run(out, stride);
}

}  // namespace modernbert
