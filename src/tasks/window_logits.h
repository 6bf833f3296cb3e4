// One row of numbers (logits, an embedding) for every window of every text: what the tasks with one answer
// per text share.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tasks/windows.h"

namespace modernbert {

// hidden: [T,H] of the batch.   Returns [B,L].
using SequenceHead = std::function<Matrix(const TokenBatch& batch, Matrix hidden)>;

// Result [i]: [windows of texts[i], L].
std::vector<Matrix> window_logits(const Model::Impl& model, std::span<const TextWindows> texts,
                                  const SequenceHead& head);

// The mean of a text's rows weighted by their text tokens; the row itself where there is one window.
std::vector<float> mean_over_windows(const TextWindows& text, MatView<const float> rows);

}  // namespace modernbert
