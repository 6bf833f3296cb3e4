// The backward half of EncoderPass: each function inverts the one of the same name in encoder_pass.cpp, last
// layer first.
#include <algorithm>

#include "ops/activations_training.h"
#include "training/model/encoder_pass.h"

namespace modernbert {

template <class E>
void EncoderPass<E>::backward_norm(const NormPlaces& norm, MatView<const float> dy,
                                   MatView<const E> normalized, const std::vector<float>& rstd,
                                   bool accumulates, ParameterBlock& gradients) {
  const int64_t hidden = config_.hidden_size;
  parallel_rows(threads_, count_, [&](Range range, int share) {
    AlignedBuffer<float>& sums = partial_sums_[static_cast<size_t>(share)];
    sums.reserve(static_cast<size_t>(2 * hidden));
    std::fill_n(sums.data(), 2 * hidden, 0.0f);
    NormBackward<E> op;
    if (dy.data != nullptr) op.dy = dy.slice_rows(range.begin, range.size());
    op.normalized = normalized.slice_rows(range.begin, range.size());
    op.rstd = rstd.data() + range.begin;
    op.weight = weights_.vector(norm.weight);
    op.accumulates = accumulates;
    op.dx = dx_.first(count_).slice_rows(range.begin, range.size());
    op.dweight = sums.data();
    op.dbias = norm.bias == kNowhere ? nullptr : sums.data() + hidden;
    normalize_backward(op);
  });
  // Thread by thread, so that the same number of threads gives the same bits.
  float* values = gradients.values().data();
  for (int share = 0; share < threads_; ++share) {
    if (Share{share, threads_}.of(count_).size() == 0) continue;
    const float* sums = partial_sums_[static_cast<size_t>(share)].data();
    for (int64_t i = 0; i < hidden; ++i) values[norm.weight + i] += sums[i];
    if (norm.bias == kNowhere) continue;
    for (int64_t i = 0; i < hidden; ++i) values[norm.bias + i] += sums[hidden + i];
  }
}

template <class E>
MatView<const E> EncoderPass<E>::product_input(const NormPlaces& norm, MatView<const E> normalized) {
  const MatView<E> input = input_.resize(padded_, config_.hidden_size);
  parallel_rows(threads_, count_, [&](Range range, int) {
    scale_normalized<E>(normalized.slice_rows(range.begin, range.size()), weights_.vector(norm.weight),
                        weights_.vector(norm.bias), input.slice_rows(range.begin, range.size()));
  });
  clear_padding(input, count_);
  return input;
}

// dx rounded, as the products read it.
template <class E>
MatView<E> EncoderPass<E>::rounded_gradient() {
  const MatView<E> rounded = drows_.resize(padded_, config_.hidden_size);
  parallel_rows(threads_, count_, [&](Range range, int) {
    round_rows<E>(dx_.first(count_).slice_rows(range.begin, range.size()),
                  rounded.slice_rows(range.begin, range.size()));
  });
  clear_padding(rounded, count_);
  return rounded;
}

template <class E>
void EncoderPass<E>::backward(const BatchRows& rows, ParameterBlock& gradients,
                              const FinalGradients& final_from) {
  if (config_.final_norm)
    backward_norm(places_.final_norm, {}, final_normalized_.first(count_), final_rstd_, false, gradients);
  for (size_t i = places_.layers.size(); i-- > 0;) {
    backward_layer(i, rows, gradients);
    if (final_from) final_from(places_.layers[i].begin());
  }
  backward_embeddings(rows, gradients);  // a tied decoder's are there, too
  if (final_from) final_from(0);
}

template <class E>
void EncoderPass<E>::backward_layer(size_t index, const BatchRows& rows, ParameterBlock& gradients) {
  if (options_.recompute) {
    std::copy_n(inputs_[index].first(count_).data, count_ * config_.hidden_size, x_.first(count_).data);
    // What entered is already the sum: nothing is added again.
    run_layer(index, rows, {});
  }
  const LayerPlaces& places = places_.layers[index];
  KeptLayer<E>& layer = kept(index);
  if (!pre_norm())
    backward_norm(places.mlp_norm, {}, layer.mlp_normalized.first(count_), layer.mlp_rstd, false, gradients);
  backward_mlp(index, rows, gradients);
  if (!pre_norm())
    backward_norm(places.attn_norm, {}, layer.attn_normalized.first(count_), layer.attn_rstd, false,
                  gradients);
  backward_attention(index, rows, gradients);
}

template <class E>
void EncoderPass<E>::backward_mlp(size_t index, const BatchRows& rows, ParameterBlock& gradients) {
  const LayerPlaces& places = places_.layers[index];
  KeptLayer<E>& layer = kept(index);
  const MatView<E> dy = rounded_gradient();
  const MatView<E> dinner = dinner_.resize(padded_, config_.intermediate_size);
  const MatView<E> inner = inner_.resize(padded_, config_.intermediate_size);
  const MatView<E> dwide = dwide_.resize(padded_, places.mlp_in.out);
  const Dropout drops = dropout(options_.mlp_dropout, kMlpSite, index);
  linear_input_gradient<E, E>(weights_, places.mlp_out, dy, dinner);
  drop(drops, rows, dinner);
  parallel_rows(threads_, count_, [&](Range range, int) {
    const auto part = [&](auto view) { return view.slice_rows(range.begin, range.size()); };
    activate_backward<E>(config_.hidden_activation, config_.mlp_kind == MlpKind::kGlu,
                         part(MatView<const E>(layer.mlp_wide.first(padded_))),
                         part(MatView<const E>(dinner)), part(inner), part(dwide));
  });
  drop(drops, rows, inner);
  clear_padding(inner, count_);
  clear_padding(dwide, count_);
  linear_weight_gradient<E>(places.mlp_out, dy, inner, count_, threads_, gradients);
  const NormPlaces& norm = pre_norm() ? places.mlp_norm : places.attn_norm;
  const MatView<const E> normalized =
      pre_norm() ? layer.mlp_normalized.first(padded_) : layer.attn_normalized.first(padded_);
  linear_weight_gradient<E>(places.mlp_in, dwide, product_input(norm, normalized), count_, threads_,
                            gradients);
  const MatView<float> dinput = dinput_.resize(padded_, config_.hidden_size);
  linear_input_gradient<E, float>(weights_, places.mlp_in, dwide, dinput);
  if (pre_norm()) {
    backward_norm(norm, dinput, normalized, layer.mlp_rstd, true, gradients);
  } else {
    add_gradient(dinput);
  }
}

template <class E>
void EncoderPass<E>::add_gradient(MatView<const float> gradient) {
  parallel_rows(threads_, count_, [&](Range range, int) {
    add_to_rows<float>(gradient.slice_rows(range.begin, range.size()),
                       dx_.first(count_).slice_rows(range.begin, range.size()));
  });
}

template <class E>
void EncoderPass<E>::backward_attention(size_t index, const BatchRows& rows, ParameterBlock& gradients) {
  const LayerPlaces& places = places_.layers[index];
  KeptLayer<E>& layer = kept(index);
  const int64_t hidden = config_.hidden_size;
  const MatView<E> dy = rounded_gradient();
  drop(dropout(options_.attn_out_dropout, kAttnOutSite, index), rows, dy);
  const MatView<E> dcontext = dcontext_.resize(padded_, hidden);
  linear_weight_gradient<E>(places.attn_out, dy, layer.context.first(padded_), count_, threads_, gradients);
  linear_input_gradient<E, E>(weights_, places.attn_out, dy, dcontext);
  const MatView<E> dqkv = dwide_.resize(padded_, 3 * hidden);
  backward_heads(index, rows, dcontext, dqkv);
  const bool has_norm = pre_norm() && places.attn_norm.weight != kNowhere;
  const MatView<const E> normalized =
      pre_norm() ? layer.attn_normalized.first(padded_) : layer.qkv_input.first(padded_);
  linear_weight_gradient<E>(places.qkv, dqkv,
                            has_norm ? product_input(places.attn_norm, normalized) : normalized, count_,
                            threads_, gradients);
  const MatView<float> dinput = dinput_.resize(padded_, hidden);
  linear_input_gradient<E, float>(weights_, places.qkv, dqkv, dinput);
  if (has_norm) {
    backward_norm(places.attn_norm, dinput, normalized, layer.attn_rstd, true, gradients);
  } else {
    add_gradient(dinput);
  }
}

template <class E>
void EncoderPass<E>::backward_heads(size_t index, const BatchRows& rows, MatView<const E> dcontext,
                                    MatView<E> dqkv) {
  KeptLayer<E>& layer = kept(index);
  const int64_t dim = config_.head_dim(), heads = config_.num_attention_heads, hidden = config_.hidden_size;
  const TokenBatch& batch = rows.batch;
#pragma omp parallel for schedule(dynamic) collapse(2) num_threads(threads_)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const auto part = [&](auto view, int64_t column) {
        return view.slice_rows(batch.begin(b), batch.length(b)).slice_cols(column, dim);
      };
      HeadGradients<E> gradients;
      gradients.dout = part(dcontext, h * dim);
      gradients.record = {layer.log_sums.first(heads).data + h * count_ + batch.begin(b),
                          part(layer.exact_context.first(count_), h * dim)};
      gradients.rotation = rotation(index, rows, b);
      gradients.dq = part(dqkv, h * dim);
      gradients.dk = part(dqkv, hidden + h * dim);
      gradients.dv = part(dqkv, 2 * hidden + h * dim);
      attention_backward<E>(head(index, rows, b, h), gradients,
                            scratches_[static_cast<size_t>(omp_get_thread_num())]);
    }
  }
  clear_padding(dqkv, count_);
}

template <class E>
void EncoderPass<E>::backward_embeddings(const BatchRows& rows, ParameterBlock& gradients) {
  const TokenBatch& batch = rows.batch;
  const int64_t hidden = config_.hidden_size;
  const MatView<float> dx = dx_.first(count_);
  drop(dropout(options_.embedding_dropout, kEmbeddingSite, 0), rows, dx);
  backward_norm(places_.embedding_norm, {}, embedding_normalized_.first(count_), embedding_rstd_, false,
                gradients);
  float* values = gradients.values().data();
  // Threads share out the columns: rows of one token are added in the order of the batch.
  parallel_rows(threads_, hidden, [&](Range columns, int) {
    const auto add = [&](int64_t table, int32_t row, int64_t r) {
      float* to = values + table + row * hidden;
      for (int64_t c = columns.begin; c < columns.end; ++c) to[c] += dx.row_data(r)[c];
    };
    for (int64_t r = 0; r < count_; ++r) {
      const auto t = static_cast<size_t>(r);
      if (batch.ids[t] != config_.pad_token_id) add(places_.tokens, batch.ids[t], r);
      if (places_.positions != kNowhere) add(places_.positions, batch.positions[t], r);
      if (places_.types != kNowhere) add(places_.types, batch.type_ids.empty() ? 0 : batch.type_ids[t], r);
    }
  });
}

template void EncoderPass<float>::backward(const BatchRows&, ParameterBlock&, const FinalGradients&);
template void EncoderPass<Bf16>::backward(const BatchRows&, ParameterBlock&, const FinalGradients&);

}  // namespace modernbert
