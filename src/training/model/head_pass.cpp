#include "training/model/head_pass.h"

#include <type_traits>

#include "ops/rowwise/activations_training.h"

namespace modernbert {
namespace {

// fp32 logits and their gradient share memory: row r of both starts at the same place.
template <class E>
MatView<E> gradient_view(MatView<float> logits) {
  return {reinterpret_cast<E*>(logits.data), logits.rows, logits.cols,
          logits.stride * static_cast<int64_t>(sizeof(float) / sizeof(E))};
}

}  // namespace

template <class E>
HeadPass<E>::HeadPass(const EncoderConfig& config, const PredictionHeadConfig& head, int threads,
                      const ModelPlaces& places, const ComputeWeights<E>& weights, int64_t block_rows)
    : config_(config),
      head_(head),
      threads_(threads),
      places_(places),
      weights_(weights),
      block_rows_(block_rows) {}

template <class E>
void HeadPass<E>::forward(MatView<const E> hidden, int64_t count, const Dropout& dropout) {
  hidden_ = hidden;
  count_ = count;
  dropout_ = dropout;
  const MatView<float> dense = dense_.resize(hidden.rows, hidden.cols);
  if (head_.dense) {
    linear_forward<E, float>(weights_, places_.dense, hidden, dense);
  } else {
    std::fill_n(dense.data, dense.rows * dense.cols, 0.0f);
    add_to_rows<E>(hidden, dense);
  }
  const MatView<float> x = x_.resize(hidden.rows, hidden.cols);
  const ActivationFunction activation = this->activation();
  parallel_rows(threads_, count, [&](Range range, int) {
    const auto part = [&](auto view) { return view.slice_rows(range.begin, range.size()); };
    activate_rows<float>(activation, false, part(MatView<const float>(dense)), part(x));
  });
  const MatView<E> out = out_.resize(hidden.rows, hidden.cols);
  normalize();
  if (dropout_.rate > 0) {
    for (int64_t r = 0; r < count; ++r)
      drop_row(dropout_, static_cast<uint64_t>(r), out.cols, out.row_data(r));
  }
  clear_padding(out, count);
}

template <class E>
void HeadPass<E>::normalize() {
  const int64_t hidden = hidden_.cols;
  const MatView<E> normalized = normalized_.resize(hidden_.rows, hidden);
  rstd_.resize(static_cast<size_t>(count_));
  parallel_rows(threads_, count_, [&](Range range, int) {
    const auto part = [&](auto view) { return view.slice_rows(range.begin, range.size()); };
    NormForward<E> op;
    op.x = part(x_.first(count_));
    op.out = part(out_.first(count_));
    op.normalizes = head_.norm;
    if (head_.norm) {
      op.centers = config_.norm_kind == NormKind::kLayerNorm;
      op.weight = weights_.vector(places_.head_norm.weight);
      op.bias = weights_.vector(places_.head_norm.bias);
      op.eps = static_cast<float>(config_.norm_eps);
      op.normalized = part(normalized);
      op.rstd = rstd_.data() + range.begin;
    }
    add_and_normalize(op);
  });
}

template <class E>
void HeadPass<E>::apply_loss(Loss loss, ParameterBlock* gradients) {
  const LinearPlaces& projection = places_.projection;
  const int64_t rows = out_.first(hidden_.rows).rows, hidden = hidden_.cols;
  const int64_t stride = (projection.out + 15) / 16 * 16;
  const MatView<float> dout = dout_.resize(rows, hidden);
  for (int64_t begin = 0; begin < rows; begin += block_rows_) {
    const int64_t block = std::min(block_rows_, rows - begin),
                  used = std::clamp<int64_t>(count_ - begin, 0, block);
    MatView<float> logits = logits_.resize(block, stride);
    logits.cols = projection.out;
    linear_forward<E, float>(weights_, projection, out_.first(rows).slice_rows(begin, block), logits);
    const MatView<E> gradient = gradient_view<E>(logits);
    loss(begin, logits.slice_rows(0, used), gradient.slice_rows(0, used));
    if (gradients == nullptr) continue;
    clear_padding(gradient, used);
    linear_weight_gradient<E>(projection, gradient, out_.first(rows).slice_rows(begin, block), used, threads_,
                              *gradients);
    linear_input_gradient<E, float>(weights_, projection, gradient, dout.slice_rows(begin, block));
  }
}

template <class E>
MatView<const E> HeadPass<E>::backward(ParameterBlock& gradients) {
  const int64_t rows = hidden_.rows, hidden = hidden_.cols;
  const MatView<float> dout = dout_.first(count_);
  if (dropout_.rate > 0) {
    for (int64_t r = 0; r < count_; ++r)
      drop_row(dropout_, static_cast<uint64_t>(r), hidden, dout.row_data(r));
  }
  if (head_.norm) backward_norm(gradients);
  const MatView<float> dactivated = head_.norm ? x_.first(count_) : dout;
  const MatView<E> rounded = rounded_.resize(rows, hidden);
  const ActivationFunction activation = this->activation();
  if (places_.head_slope != kNowhere)
    gradients.values()[static_cast<size_t>(places_.head_slope)] +=
        static_cast<float>(slope_gradient<float>(false, dense_.first(count_), dactivated));
  parallel_rows(threads_, count_, [&](Range range, int) {
    const auto part = [&](auto view) { return view.slice_rows(range.begin, range.size()); };
    const MatView<float> before = part(dense_.first(rows)), gradient = part(dactivated);
    // The values come out once more; their place is free, and that of the gradient is too.
    activate_backward<float>(activation, false, before, MatView<const float>(gradient), part(dout), gradient);
    round_rows<E>(gradient, part(rounded));
  });
  clear_padding(rounded, count_);
  if (!head_.dense) return rounded;
  linear_weight_gradient<E>(places_.dense, rounded, hidden_, count_, threads_, gradients);
  const MatView<E> dhidden = dhidden_.resize(rows, hidden);
  linear_input_gradient<E, E>(weights_, places_.dense, rounded, dhidden);
  return dhidden;
}

// x becomes the gradient of the norm's input.
template <class E>
void HeadPass<E>::backward_norm(ParameterBlock& gradients) {
  float* values = gradients.values().data();
  NormBackward<E> op;
  op.dy = dout_.first(count_);
  op.normalized = normalized_.first(count_);
  op.rstd = rstd_.data();
  op.centers = config_.norm_kind == NormKind::kLayerNorm;
  op.weight = weights_.vector(places_.head_norm.weight);
  op.accumulates = false;
  op.dx = x_.first(count_);
  const auto at = [&](int64_t place) { return place == kNowhere ? nullptr : values + place; };
  op.dweight = at(places_.head_norm.weight);
  op.dbias = at(places_.head_norm.bias);
  normalize_backward(op);
}

template class HeadPass<float>;
template class HeadPass<Bf16>;

}  // namespace modernbert
