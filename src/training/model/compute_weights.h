// The weights in the type that products are formed in, made anew from the fp32 ones after every optimiser
// step.
#pragma once

#include "ops/rowwise/norm_training.h"
#include "training/model/model_places.h"
#include "training/model/parallel_rows.h"

namespace modernbert {

// E: float or Bf16. Vectors (norms, biases) are read where they are, in fp32, and so are the tables that rows
// are looked up in: the values must stay, and stay as they are, while passes run.
template <class E>
class ComputeWeights {
 public:
  // first: parameters that lie before it are left out.
  void set(const ParameterBlock& values, int threads, int64_t first = 0) {
    first_ = first;
    values_ = values.values().data();
    matrices_.reserve(static_cast<size_t>(values.layout().size() - first));
    for (const ParameterInfo& parameter : values.layout().parameters()) {
      if (parameter.offset >= first && parameter.shape.size() > 1) set_matrix(values, parameter, threads);
    }
  }

  MatView<const E> matrix(int64_t offset, int64_t rows, int64_t cols) const {
    return {matrices_.data() + offset - first_, rows, cols};
  }
  MatView<const E> matrix(const LinearPlaces& places) const {
    return matrix(places.weight, places.out, places.in);
  }
  // A vector or a part of one, or the rows of a table one after another. Null where there is none.
  const float* vector(int64_t offset) const { return offset == kNowhere ? nullptr : values_ + offset; }

 private:
  void set_matrix(const ParameterBlock& values, const ParameterInfo& parameter, int threads) {
    const int64_t cols = parameter.shape.back();
    const MatView<const float> from(values.of(parameter).data(), parameter.size / cols, cols);
    const MatView<E> to(matrices_.data() + parameter.offset - first_, from.rows, cols);
    parallel_rows(threads, from.rows, [&](Range rows, int) {
      round_rows<E>(from.slice_rows(rows.begin, rows.size()), to.slice_rows(rows.begin, rows.size()));
    });
  }

  int64_t first_ = 0;
  AlignedBuffer<E> matrices_;      // at the offsets of the block, less first_
  const float* values_ = nullptr;  // of the block
};

}  // namespace modernbert
