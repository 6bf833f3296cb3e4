#include "tasks/row_logits.h"

#include <algorithm>

namespace modernbert {
namespace {

// Rows per call of the head: bounds the [R,V] logits.
constexpr size_t kHeadRows = 64;

}  // namespace

void visit_row_logits(const MaskedLm& head, const Matrix& hidden, std::span<const int64_t> rows,
                      FunctionRef<void(size_t, std::span<float>)> visit) {
  for (size_t first = 0; first < rows.size(); first += kHeadRows) {
    const auto some = rows.subspan(first, std::min(kHeadRows, rows.size() - first));
    Matrix gathered(static_cast<int64_t>(some.size()), hidden.cols());
    for (size_t i = 0; i < some.size(); ++i)
      std::ranges::copy(hidden.row(some[i]), gathered.row(static_cast<int64_t>(i)).begin());
    Matrix logits = head.logits(gathered.view());
    for (size_t i = 0; i < some.size(); ++i) visit(first + i, logits.row(static_cast<int64_t>(i)));
  }
}

}  // namespace modernbert
