// The residual stream of an encoder, its gradient, and the norms that read from it or stand in it.
#pragma once

#include <vector>

#include "training/model/pass_context.h"
#include "training/model/rows_buffer.h"

namespace modernbert {

// What the backward pass of a norm needs.
template <class E>
struct KeptNorm {
  Rows<E> normalized;       // [T,H] before weight and bias
  std::vector<float> rstd;  // [T]
};

// Rows: T of the batch, `padded` in what products read.
template <class E>
class ResidualStream {
 public:
  explicit ResidualStream(const PassContext<E>& context)
      : context_(context), partial_sums_(static_cast<size_t>(context.threads)) {}

  void resize(const BatchRows& rows);
  MatView<float> x() { return x_.first(count_); }
  MatView<float> gradient() { return dx_.first(count_); }

  // In all of these `added`, [T,H] or no data, is added to x first.
  void add(MatView<const float> added) { round(added, {}); }
  // out: x rounded.
  void round(MatView<const float> added, MatView<E> out);
  // out: the norm of x.
  void normalize(const NormPlaces& norm, MatView<const float> added, KeptNorm<E>& kept, MatView<E> out);
  // x becomes its norm; out: the same, rounded, or no data.
  void replace_by_norm(const NormPlaces& norm, MatView<const float> added, KeptNorm<E>& kept, MatView<E> out);

  // What normalize gave out, up to the rounding of what was kept.   out: [padded,H].
  void output_again(const NormPlaces& norm, KeptNorm<E>& kept, MatView<E> out);

  // The gradient, rounded as products read it; valid until the next call.   [padded,H].
  MatView<E> rounded_gradient();
  void add_gradient(MatView<const float> gradient);
  // Adds the gradients of the norm's parameters, and to the stream's that of its input.   dy: [T,H].
  void backward(const NormPlaces& norm, MatView<const float> dy, KeptNorm<E>& kept,
                ParameterBlock& gradients);
  // The stream's gradient is that of the norm's output, and becomes that of its input.
  void backward_replaced(const NormPlaces& norm, KeptNorm<E>& kept, ParameterBlock& gradients);

 private:
  void forward(const NormPlaces& norm, MatView<const float> added, bool replaces_x, KeptNorm<E>* kept,
               MatView<E> out);
  void backward(const NormPlaces& norm, MatView<const float> dy, bool accumulates, KeptNorm<E>& kept,
                ParameterBlock& gradients);

  const PassContext<E>& context_;
  int64_t count_ = 0, padded_ = 0;
  Rows<float> x_, dx_;
  Rows<E> rounded_;
  std::vector<AlignedBuffer<float>> partial_sums_;  // one a thread
};

}  // namespace modernbert
