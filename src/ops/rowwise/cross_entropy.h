// Cross-entropy over a vocabulary, with its gradient.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

struct CrossEntropyOptions {
  double label_smoothing = 0;  // s: (1-s) * nll + s * mean over the vocabulary of -log p
  double z_loss = 0;           // factor of logsumexp², added to the loss
  double logit_scale = 1;      // what the logits are multiplied by first
};

// Sums over rows.
struct CrossEntropySums {
  double cross_entropy = 0;
  double z_loss = 0;
  int64_t correct = 0;  // the label's logit is the largest
  CrossEntropySums& operator+=(const CrossEntropySums& other);
};

// gradient = d(scale * loss) / dlogits, rounded to E (float or Bf16).   logits: [R,C], destroyed; labels: [R]
// in [0,C).   gradient: [R,C] in the same memory: row r starts where row r of the logits does.
template <class E>
CrossEntropySums cross_entropy(const CrossEntropyOptions& options, std::span<const int32_t> labels,
                               float scale, MatView<float> logits, MatView<E> gradient);

namespace ref {
// Keeps the logits; gradient: [R,C] of its own.
CrossEntropySums cross_entropy(const CrossEntropyOptions& options, std::span<const int32_t> labels,
                               double scale, MatView<const float> logits, MatView<float> gradient);
}  // namespace ref

}  // namespace modernbert
