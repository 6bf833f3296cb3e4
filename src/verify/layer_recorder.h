// Keeps rows of the residual stream of every layer while a forward pass runs.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/encoder.h"
#include "verify/case_inputs.h"

namespace modernbert {

class LayerRecorder : public LayerObserver {
 public:
  // rows: packed rows to keep; empty = all.
  explicit LayerRecorder(std::vector<int64_t> rows = {}) : rows_(std::move(rows)) {}

  void on_hidden(int index, MatView<const float> x) override {
    if (static_cast<size_t>(index) >= states_.size()) states_.resize(index + 1);
    states_[index] = rows_.empty() ? copy_matrix(x) : gather_rows(x, rows_);
  }
  // Entry 0: after the embeddings; i: after layer i-1. [T,H], or the kept rows.
  const std::vector<Matrix>& states() const { return states_; }

 private:
  std::vector<int64_t> rows_;
  std::vector<Matrix> states_;
};

}  // namespace modernbert
