#include "tasks/window_logits.h"

#include <algorithm>

#include "core/check.h"

namespace modernbert {

std::vector<Matrix> window_logits(const Model::Impl& model, std::span<const TextWindows> texts,
                                  const SequenceHead& head) {
  std::vector<Matrix> result(texts.size());
  size_t text = 0;
  int64_t window = 0;
  const auto store = [&](std::span<const float> row) {
    Matrix& rows = result[text];
    const auto windows = static_cast<int64_t>(texts[text].windows.size());
    if (window == 0) rows = Matrix(windows, static_cast<int64_t>(row.size()));
    std::copy(row.begin(), row.end(), rows.row(window).begin());
    if (++window == windows) {
      ++text;
      window = 0;
    }
  };
  const std::vector<Sequence> sequences = all_sequences(texts, model);
  run_batches(*model.encoder, sequences, [&](const TokenBatch& batch, Matrix hidden, size_t) {
    const Matrix logits = head(batch, std::move(hidden));
    for (int64_t b = 0; b < logits.rows(); ++b) store(logits.row(b));
  });
  return result;
}

std::vector<float> mean_over_windows(const TextWindows& text, MatView<const float> rows) {
  MB_CHECK(rows.rows == static_cast<int64_t>(text.windows.size()));
  std::vector<float> mean(rows.row(0).begin(), rows.row(0).end());
  if (rows.rows == 1) return mean;
  std::vector<double> sums(mean.size());
  double weights = 0;
  for (int64_t w = 0; w < rows.rows; ++w) {
    const double weight = count_text_tokens(text.windows[w]);
    weights += weight;
    for (size_t j = 0; j < sums.size(); ++j) sums[j] += weight * rows.row(w)[j];
  }
  for (size_t j = 0; j < mean.size(); ++j) mean[j] = static_cast<float>(sums[j] / weights);
  return mean;
}

}  // namespace modernbert
