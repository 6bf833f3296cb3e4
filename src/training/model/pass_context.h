// What all parts of an encoder's passes share: the model, how it is trained, and the dropout of the step.
#pragma once

#include <optional>

#include "ops/rowwise/dropout.h"
#include "training/model/batch_rows.h"
#include "training/model/compute_weights.h"
#include "training/model/training_options.h"

namespace modernbert {

enum class DropoutSite : uint64_t { kEmbedding, kAttention, kAttnOut, kMlp, kCount };

// E: float or Bf16, the type of products.
template <class E>
struct PassContext {
  const EncoderConfig& config;
  const TrainingOptions& options;
  int threads;
  const ModelPlaces& places;
  const ComputeWeights<E>& weights;
  std::optional<uint64_t> dropout_key;  // none: no dropout (evaluation)

  Dropout dropout(double rate, DropoutSite site, size_t layer) const {
    if (!dropout_key || rate <= 0) return {};
    const auto sites = static_cast<uint64_t>(DropoutSite::kCount);
    return {rate, random_hash(*dropout_key, layer * sites + static_cast<uint64_t>(site))};
  }

  // Drops elements of the batch's rows of x.
  template <class T>
  void drop(const Dropout& dropout, const BatchRows& rows, MatView<T> x) const {
    if (dropout.rate <= 0) return;
    parallel_rows(threads, rows.count, [&](Range range, int) {
      for (int64_t r = range.begin; r < range.end; ++r)
        drop_row(dropout, rows.row_keys[static_cast<size_t>(r)], x.cols, x.row_data(r));
    });
  }
};

}  // namespace modernbert
