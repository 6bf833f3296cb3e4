#include "training/model/attention_pass.h"

#include <omp.h>

#include <algorithm>

namespace modernbert {

template <class E>
void AttentionPass<E>::prepare(const BatchRows& rows) {
  const int32_t positions = 1 + *std::ranges::max_element(rows.batch.positions);
  layer_tables_.clear();
  for (const LayerConfig& layer : context_.config.layers) {
    const int32_t dim = context_.config.rope_dim(layer);
    layer_tables_.push_back(dim == 0 ? nullptr : tables_.get({layer.rope_theta, dim}, positions));
  }
}

template <class E>
void AttentionPass<E>::forward(size_t layer, const BatchRows& rows, MatView<const E> x,
                               KeptAttention<E>& kept, MatView<float> y) {
  project(layer, rows, x, kept);
  attend(layer, rows, kept);
  linear_forward<E, float>(context_.weights, context_.places.layers[layer].attn_out,
                           rounded_.first(rows.padded), y);
  context_.drop(dropout(layer), rows, y);
}

template <class E>
HeadRotation AttentionPass<E>::rotation(size_t layer, const BatchRows& rows, int32_t sequence) const {
  const auto& table = layer_tables_[layer];
  if (table == nullptr) return {};
  return {table->cos.data(), table->sin.data(), rows.batch.positions.data() + rows.batch.begin(sequence),
          table->half_dim, context_.config.rope_interleaved};
}

template <class E>
void AttentionPass<E>::project(size_t layer, const BatchRows& rows, MatView<const E> x,
                               KeptAttention<E>& kept) {
  const MatView<E> qkv = kept.qkv.resize(rows.padded, 3 * context_.config.hidden_size);
  linear_forward<E, E>(context_.weights, context_.places.layers[layer].qkv, x, qkv);
  const int64_t dim = context_.config.head_dim();
  const int64_t heads = 2 * context_.config.num_attention_heads;  // queries and keys
  const TokenBatch& batch = rows.batch;
#pragma omp parallel for schedule(dynamic) num_threads(context_.threads)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h)
      rotate_rows<E>(rotation(layer, rows, b),
                     qkv.slice_rows(batch.begin(b), batch.length(b)).slice_cols(h * dim, dim));
  }
}

template <class E>
TrainedHead<E> AttentionPass<E>::head(size_t layer, const BatchRows& rows, KeptAttention<E>& kept,
                                      int32_t sequence, int64_t head) const {
  const int64_t dim = context_.config.head_dim(), hidden = context_.config.hidden_size;
  const MatView<const E> qkv =
      kept.qkv.first(rows.padded).slice_rows(rows.batch.begin(sequence), rows.batch.length(sequence));
  const Dropout drops = context_.dropout(context_.options.attention_dropout, DropoutSite::kAttention, layer)
                            .with_key(rows.sequence_keys[static_cast<size_t>(sequence)])
                            .with_key(static_cast<uint64_t>(head));
  return {qkv.slice_cols(head * dim, dim), qkv.slice_cols(hidden + head * dim, dim),
          qkv.slice_cols(2 * hidden + head * dim, dim), context_.config.layers[layer].window, drops};
}

template <class E>
void AttentionPass<E>::attend(size_t layer, const BatchRows& rows, KeptAttention<E>& kept) {
  const int64_t dim = context_.config.head_dim(), heads = context_.config.num_attention_heads;
  const int64_t hidden = context_.config.hidden_size;
  const TokenBatch& batch = rows.batch;
  const MatView<E> rounded = rounded_.resize(rows.padded, hidden);
  const MatView<float> context = kept.context.resize(rows.count, hidden);
  const MatView<float> log_sums = kept.log_sums.resize(heads, rows.count);
#pragma omp parallel for schedule(dynamic) collapse(2) num_threads(context_.threads)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const auto part = [&](auto view) {
        return view.slice_rows(batch.begin(b), batch.length(b)).slice_cols(h * dim, dim);
      };
      attention_forward<E>(head(layer, rows, kept, b, h), part(rounded),
                           {log_sums.row_data(h) + batch.begin(b), part(context)},
                           scratches_[static_cast<size_t>(omp_get_thread_num())]);
    }
  }
  clear_padding(rounded, rows.count);
}

// What `attend` gave to Wo, once more.
template <class E>
MatView<const E> AttentionPass<E>::round_context(const BatchRows& rows, KeptAttention<E>& kept) {
  const MatView<float> context = kept.context.first(rows.count);
  const MatView<E> rounded = rounded_.resize(rows.padded, context.cols);
  parallel_rows(context_.threads, rows.count, [&](Range range, int) {
    round_rows<E>(context.slice_rows(range.begin, range.size()),
                  rounded.slice_rows(range.begin, range.size()));
  });
  clear_padding(rounded, rows.count);
  return rounded;
}

template <class E>
MatView<const float> AttentionPass<E>::backward(size_t layer, const BatchRows& rows, MatView<E> dy,
                                                MatView<const E> x, KeptAttention<E>& kept,
                                                ParameterBlock& gradients) {
  const LayerPlaces& places = context_.places.layers[layer];
  const int64_t hidden = context_.config.hidden_size;
  context_.drop(dropout(layer), rows, dy);
  const MatView<E> dcontext = dcontext_.resize(rows.padded, hidden);
  linear_weight_gradient<E>(places.attn_out, dy, round_context(rows, kept), rows.count, context_.threads,
                            gradients);
  linear_input_gradient<E, E>(context_.weights, places.attn_out, dy, dcontext);
  const MatView<E> dqkv = dqkv_.resize(rows.padded, 3 * hidden);
  backward_heads(layer, rows, dcontext, kept, dqkv);
  linear_weight_gradient<E>(places.qkv, dqkv, x, rows.count, context_.threads, gradients);
  const MatView<float> dx = dx_.resize(rows.padded, hidden);
  linear_input_gradient<E, float>(context_.weights, places.qkv, dqkv, dx);
  return dx;
}

template <class E>
void AttentionPass<E>::backward_heads(size_t layer, const BatchRows& rows, MatView<const E> dcontext,
                                      KeptAttention<E>& kept, MatView<E> dqkv) {
  const int64_t dim = context_.config.head_dim(), heads = context_.config.num_attention_heads;
  const int64_t hidden = context_.config.hidden_size;
  const TokenBatch& batch = rows.batch;
#pragma omp parallel for schedule(dynamic) collapse(2) num_threads(context_.threads)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const auto part = [&](auto view, int64_t column) {
        return view.slice_rows(batch.begin(b), batch.length(b)).slice_cols(column, dim);
      };
      HeadGradients<E> gradients;
      gradients.dout = part(dcontext, h * dim);
      gradients.record = {kept.log_sums.first(heads).data + h * rows.count + batch.begin(b),
                          part(kept.context.first(rows.count), h * dim)};
      gradients.rotation = rotation(layer, rows, b);
      gradients.dq = part(dqkv, h * dim);
      gradients.dk = part(dqkv, hidden + h * dim);
      gradients.dv = part(dqkv, 2 * hidden + h * dim);
      attention_backward<E>(head(layer, rows, kept, b, h), gradients,
                            scratches_[static_cast<size_t>(omp_get_thread_num())]);
    }
  }
  clear_padding(dqkv, rows.count);
}

template class AttentionPass<float>;
template class AttentionPass<Bf16>;

}  // namespace modernbert
