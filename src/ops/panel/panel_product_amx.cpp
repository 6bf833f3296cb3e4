#include "ops/panel/panel_product_amx.h"

#include <algorithm>

namespace modernbert {
namespace {

constexpr int64_t kSlice = 256;  // words of depth: half a panel of them takes 32 KB
constexpr int64_t kWordsPerLine = 16;

// Hands out a panel's cache lines, in equal parts for each 16 words of depth that the kernels take.
class Prefetch {
 public:
  // begin: may be null.   steps: into which the work is divided.
  Prefetch(const uint32_t* begin, int64_t words, int64_t steps)
      : next_(begin), end_(begin + words), lines_((words / kWordsPerLine + steps - 1) / steps) {}

  void give(int64_t steps, AmxTask& task) {
    task.next = next_ != nullptr && next_ < end_ ? next_ : nullptr;
    task.next_lines = lines_ * steps * kAmxDepth / task.depth;
    if (next_ != nullptr) next_ += lines_ * steps * kWordsPerLine;
  }

 private:
  const uint32_t *next_, *end_;
  int64_t lines_;
};

// A panel that meets one group of rows is read from end to end but once, which the hardware foresees better.
Prefetch fetch_after(const AmxPanels& panels, int64_t panel, int64_t row_groups) {
  const uint32_t* next = row_groups > 1 && panel + 1 < panels.count ? panels.panel(panel + 1) : nullptr;
  return {next, panels.panel_words(), 2 * row_groups * panels.depth / kAmxDepth};
}

AmxTask task_of(const AmxFactors& x, int64_t row, const AmxPanels& panels, int64_t panel, int64_t half,
                int64_t k, int64_t depth) {
  AmxTask task{};
  task.rows = x.data + row * x.stride + k * int64_t{sizeof(uint32_t)};
  task.row_stride = x.stride;
  task.columns = panels.panel(panel) + (half * panels.depth + k) * kAmxHalf;
  task.depth = depth;
  return task;
}

void place(AmxTask& task, const AmxSums& start, const AmxSums& out, int64_t row, int64_t column) {
  task.start = start.at(row, column);
  task.start_stride = start.stride;
  task.out = out.at(row, column);
  task.out_stride = out.stride;
}

}  // namespace

void multiply_panel(const AmxKernels& kernels, const AmxFactors& x, const AmxPanels& panels, int64_t panel,
                    AmxSums from, AmxSums to, AmxSums between) {
  const int64_t rest = x.rows % kAmxRows, few = rest > 0 && rest <= kAmxRows / 2 ? rest : 0;
  const int64_t many = x.rows - few;
  Prefetch prefetch = fetch_after(panels, panel, (x.rows + kAmxRows - 1) / kAmxRows);
  for (int64_t half = 0; half < 2; ++half) {
    for (int64_t k = 0; k < panels.depth; k += kSlice) {
      const AmxSums& start = k == 0 ? from : between;
      const AmxSums& out = k + kSlice >= panels.depth ? to : between;
      for (int64_t row = 0; row < many; row += kAmxRows) {
        AmxTask task = task_of(x, row, panels, panel, half, k, std::min(kSlice, panels.depth - k));
        place(task, start, out, row, half * kAmxHalf);
        prefetch.give(task.depth / kAmxDepth, task);
        kernels.many_rows(task);
      }
    }
  }
  if (few == 0) return;
  AmxTask task = task_of(x, many, panels, panel, 0, 0, panels.depth);
  place(task, from, to, many, 0);
  prefetch.give(2 * task.depth / kAmxDepth, task);
  kernels.few_rows(task);
}

}  // namespace modernbert
