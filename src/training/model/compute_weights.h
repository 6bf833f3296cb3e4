// The weights in the type that products are formed in, made anew from the fp32 ones after every optimiser
// step.
#pragma once

#include <iterator>
#include <map>
#include <vector>

#include "ops/norm_training.h"
#include "training/model/model_places.h"
#include "training/model/parallel_rows.h"

namespace modernbert {

// E: float or Bf16. Vectors (norms, biases) stay fp32, and so do the tables that rows are looked up in.
template <class E>
class ComputeWeights {
 public:
  // first: parameters that lie before it are left out.
  void set(const ParameterBlock& values, int threads, int64_t first = 0) {
    first_ = first;
    matrices_.reserve(static_cast<size_t>(values.layout().size() - first));
    vectors_.clear();
    starts_.clear();
    for (const ParameterInfo& parameter : values.layout().parameters()) {
      if (parameter.offset < first) continue;
      if (parameter.shape.size() > 1) set_matrix(values, parameter, threads);
      if (parameter.shape.size() == 1 || is_table(parameter)) set_vector(values, parameter);
    }
  }

  MatView<const E> matrix(int64_t offset, int64_t rows, int64_t cols) const {
    return {matrices_.data() + offset - first_, rows, cols};
  }
  MatView<const E> matrix(const LinearPlaces& places) const {
    return matrix(places.weight, places.out, places.in);
  }
  // A vector or a part of one, or the rows of a table one after another. Null where there is none.
  const float* vector(int64_t offset) const {
    if (offset == kNowhere) return nullptr;
    const auto& [parameter, start] = *std::prev(starts_.upper_bound(offset));
    return vectors_.data() + start + (offset - parameter);
  }

 private:
  static bool is_table(const ParameterInfo& parameter) {
    return parameter.name.ends_with("embeddings.weight");
  }
  void set_matrix(const ParameterBlock& values, const ParameterInfo& parameter, int threads) {
    const int64_t cols = parameter.shape.back();
    const MatView<const float> from(values.of(parameter).data(), parameter.size / cols, cols);
    const MatView<E> to(matrices_.data() + parameter.offset - first_, from.rows, cols);
    parallel_rows(threads, from.rows, [&](Range rows, int) {
      round_rows<E>(from.slice_rows(rows.begin, rows.size()), to.slice_rows(rows.begin, rows.size()));
    });
  }
  void set_vector(const ParameterBlock& values, const ParameterInfo& parameter) {
    const auto from = values.of(parameter);
    starts_[parameter.offset] = vectors_.size();
    vectors_.insert(vectors_.end(), from.begin(), from.end());
  }

  int64_t first_ = 0;
  AlignedBuffer<E> matrices_;  // at the offsets of the block, less first_
  std::vector<float> vectors_;
  std::map<int64_t, size_t> starts_;  // in vectors_, by offset in the block
};

}  // namespace modernbert
