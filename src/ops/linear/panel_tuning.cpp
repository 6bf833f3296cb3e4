#include "ops/linear/panel_tuning.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "ops/linear/linear_panel.h"

namespace modernbert {
namespace {

// Whole multiples of an eighth, none of them so small that a CPU would be slow with it.
std::vector<float> some_values(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 13) / 8 - 0.75f;
  return values;
}

// A full tile times two panels as deep as a base model's: together they fit a second-level cache, as tiles
// and the panels fetched for them do in a forward pass.
class Trial {
 public:
  Trial(GemmType type, const PanelProduct& product) : rows_(row_type_of(type), kDepth) {
    const std::vector<float> weight = some_values(kColumns * kDepth);
    linear_ = make_linear_panel(type, {weight.data(), kColumns, kDepth}, {}, kPanelColumns, product);
    rows_.resize(linear_->max_tile_rows());
    const std::vector<float> row = some_values(kDepth);
    for (int64_t r = 0; r < linear_->max_tile_rows(); ++r) rows_.store(r, 0, row);
  }

  void run() {
    const auto begin = std::chrono::steady_clock::now();
    linear_->run_tile(rows_.view(), {0, linear_->groups()}, scratch_,
                      [](int64_t, int64_t, MatView<float>) {});
    best_ = std::min(best_, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  double best_seconds() const { return best_; }

 private:
  static constexpr int64_t kDepth = 768, kColumns = 2 * kPanelColumns;

  RowBuffer rows_;
  std::unique_ptr<Linear> linear_;
  LinearScratch scratch_;
  double best_ = std::numeric_limits<double>::infinity();
};

template <GemmType kType>
const PanelProduct& tuned() {
  static const PanelProduct product = with_faster_depth(kType, panel_product(row_type_of(kType)));
  return product;
}

}  // namespace

PanelProduct with_faster_depth(GemmType type, PanelProduct product) {
  constexpr int kRounds = 16;
  // Of the time: sums of steps leave the first level before they are used.
  constexpr double kWorthwhile = 0.99;
  if (product.depth_step == 0) return product;
  PanelProduct at_once = product;
  at_once.depth_step = 0;
  Trial steps(type, product), whole(type, at_once);
  for (int round = 0; round < kRounds; ++round) {  // in turns, so that neither has the quieter moments
    steps.run();
    whole.run();
  }
  return steps.best_seconds() < kWorthwhile * whole.best_seconds() ? product : at_once;
}

const PanelProduct& tuned_panel_product(GemmType type) {
  if (type == GemmType::kInt8) return tuned<GemmType::kInt8>();
  return type == GemmType::kBf16 ? tuned<GemmType::kBf16>() : tuned<GemmType::kFp32>();
}

}  // namespace modernbert
