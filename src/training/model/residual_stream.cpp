#include "training/model/residual_stream.h"

#include "ops/rowwise/norm_training.h"

namespace modernbert {
namespace {

// The rows of a range; no data stays no data.
template <class View>
View part_of(const View& view, const Range& range) {
  return view.data == nullptr ? view : view.slice_rows(range.begin, range.size());
}

}  // namespace

template <class E>
void ResidualStream<E>::resize(const BatchRows& rows) {
  count_ = rows.count;
  padded_ = rows.padded;
  x_.resize(count_, context_.config.hidden_size);
  dx_.resize(count_, context_.config.hidden_size);
}

template <class E>
void ResidualStream<E>::forward(const NormPlaces& norm, MatView<const float> added, bool replaces_x,
                                KeptNorm<E>* kept, MatView<E> out) {
  MatView<E> normalized;
  if (kept != nullptr) {
    normalized = kept->normalized.resize(padded_, context_.config.hidden_size);
    kept->rstd.resize(static_cast<size_t>(count_));
  }
  parallel_rows(context_.threads, count_, [&](Range range, int) {
    NormForward<E> op;
    op.x = part_of(x(), range);
    op.added = part_of(added, range);
    op.normalizes = norm.exists;
    op.centers = context_.config.norm_kind == NormKind::kLayerNorm;
    op.weight = context_.weights.vector(norm.weight);
    op.bias = context_.weights.vector(norm.bias);
    op.eps = static_cast<float>(context_.config.norm_eps);
    op.replaces_x = replaces_x;
    op.normalized = part_of(normalized, range);
    op.rstd = kept == nullptr ? nullptr : kept->rstd.data() + range.begin;
    op.out = part_of(out, range);
    add_and_normalize(op);
  });
  if (out.data != nullptr) clear_padding(out, count_);
}

template <class E>
void ResidualStream<E>::round(MatView<const float> added, MatView<E> out) {
  if (added.data == nullptr && out.data == nullptr) return;
  forward({}, added, false, nullptr, out);
}

template <class E>
void ResidualStream<E>::normalize(const NormPlaces& norm, MatView<const float> added, KeptNorm<E>& kept,
                                  MatView<E> out) {
  forward(norm, added, false, &kept, out);
}

template <class E>
void ResidualStream<E>::replace_by_norm(const NormPlaces& norm, MatView<const float> added, KeptNorm<E>& kept,
                                        MatView<E> out) {
  forward(norm, added, true, &kept, out);
}

template <class E>
void ResidualStream<E>::output_again(const NormPlaces& norm, KeptNorm<E>& kept, MatView<E> out) {
  const MatView<const E> normalized = kept.normalized.first(padded_);
  parallel_rows(context_.threads, count_, [&](Range range, int) {
    scale_normalized<E>(part_of(normalized, range), context_.weights.vector(norm.weight),
                        context_.weights.vector(norm.bias), part_of(out, range));
  });
  clear_padding(out, count_);
}

template <class E>
MatView<E> ResidualStream<E>::rounded_gradient() {
  const MatView<E> rounded = rounded_.resize(padded_, context_.config.hidden_size);
  parallel_rows(context_.threads, count_, [&](Range range, int) {
    round_rows<E>(part_of(gradient(), range), part_of(rounded, range));
  });
  clear_padding(rounded, count_);
  return rounded;
}

template <class E>
void ResidualStream<E>::add_gradient(MatView<const float> added) {
  parallel_rows(context_.threads, count_, [&](Range range, int) {
    add_to_rows<float>(part_of(added, range), part_of(gradient(), range));
  });
}

template <class E>
void ResidualStream<E>::backward(const NormPlaces& norm, MatView<const float> dy, KeptNorm<E>& kept,
                                 ParameterBlock& gradients) {
  backward(norm, dy, true, kept, gradients);
}

template <class E>
void ResidualStream<E>::backward_replaced(const NormPlaces& norm, KeptNorm<E>& kept,
                                          ParameterBlock& gradients) {
  backward(norm, {}, false, kept, gradients);
}

template <class E>
void ResidualStream<E>::backward(const NormPlaces& norm, MatView<const float> dy, bool accumulates,
                                 KeptNorm<E>& kept, ParameterBlock& gradients) {
  const int64_t hidden = context_.config.hidden_size;
  const MatView<const E> normalized = kept.normalized.first(count_);
  parallel_rows(context_.threads, count_, [&](Range range, int share) {
    AlignedBuffer<float>& sums = partial_sums_[static_cast<size_t>(share)];
    sums.reserve(static_cast<size_t>(2 * hidden));
    std::fill_n(sums.data(), 2 * hidden, 0.0f);
    NormBackward<E> op;
    op.dy = part_of(dy, range);
    op.normalized = part_of(normalized, range);
    op.rstd = kept.rstd.data() + range.begin;
    op.centers = context_.config.norm_kind == NormKind::kLayerNorm;
    op.weight = context_.weights.vector(norm.weight);
    op.accumulates = accumulates;
    op.dx = part_of(gradient(), range);
    op.dweight = norm.weight == kNowhere ? nullptr : sums.data();
    op.dbias = norm.bias == kNowhere ? nullptr : sums.data() + hidden;
    normalize_backward(op);
  });
  // Thread by thread, so that the same number of threads gives the same bits.
  float* values = gradients.values().data();
  const auto add = [&](int64_t place, const float* sums) {
    if (place == kNowhere) return;
    for (int64_t i = 0; i < hidden; ++i) values[place + i] += sums[i];
  };
  for (int share = 0; share < context_.threads; ++share) {
    if (Share{share, context_.threads}.of(count_).size() == 0) continue;
    const float* sums = partial_sums_[static_cast<size_t>(share)].data();
    add(norm.weight, sums);
    add(norm.bias, sums + hidden);
  }
}

template class ResidualStream<float>;
template class ResidualStream<Bf16>;

}  // namespace modernbert
