#include "training/model/encoder_pass.h"

#include <algorithm>

#include "core/check.h"
#include "ops/activations_training.h"

namespace modernbert {

template <class E>
EncoderPass<E>::EncoderPass(const EncoderConfig& config, const TrainingOptions& options, int threads,
                            const ModelPlaces& places, const ComputeWeights<E>& weights)
    : config_(config),
      options_(options),
      threads_(threads),
      places_(places),
      weights_(weights),
      tables_(config.head_dim()),
      kept_(options.recompute ? 1 : places.layers.size()),
      inputs_(options.recompute ? places.layers.size() : 0),
      partial_sums_(static_cast<size_t>(threads)),
      scratches_(static_cast<size_t>(threads)) {}

template <class E>
Dropout EncoderPass<E>::dropout(double rate, Site site, size_t layer) const {
  if (dropout_key_ == nullptr || rate <= 0) return {};
  return {rate, random_hash(dropout_key_value_, layer * kSites + site)};
}

template <class E>
template <class T>
void EncoderPass<E>::drop(const Dropout& dropout, const BatchRows& rows, MatView<T> x) {
  if (dropout.rate <= 0) return;
  parallel_rows(threads_, count_, [&](Range range, int) {
    for (int64_t r = range.begin; r < range.end; ++r)
      drop_row(dropout, rows.row_keys[static_cast<size_t>(r)], x.cols, x.row_data(r));
  });
}

template <class E>
void EncoderPass<E>::normalize(const NormPlaces& norm, MatView<const float> added, bool replaces_x,
                               MatView<E> normalized, std::vector<float>* rstd, MatView<E> out) {
  if (rstd != nullptr) rstd->resize(static_cast<size_t>(count_));
  parallel_rows(threads_, count_, [&](Range range, int) {
    const auto part = [&](auto view) {
      return view.data == nullptr ? view : view.slice_rows(range.begin, range.size());
    };
    NormForward<E> op;
    op.x = part(x_.first(count_));
    op.added = part(added);
    op.weight = weights_.vector(norm.weight);
    op.bias = weights_.vector(norm.bias);
    op.eps = static_cast<float>(config_.norm_eps);
    op.replaces_x = replaces_x;
    op.normalized = part(normalized);
    op.rstd = rstd == nullptr ? nullptr : rstd->data() + range.begin;
    op.out = part(out);
    add_and_normalize(op);
  });
  if (out.data != nullptr) clear_padding(out, count_);
}

// ---- forward

template <class E>
void EncoderPass<E>::embed(const BatchRows& rows) {
  const TokenBatch& batch = rows.batch;
  const int64_t hidden = config_.hidden_size;
  const MatView<float> x = x_.resize(count_, hidden);
  const float *tokens = weights_.vector(places_.tokens), *positions = weights_.vector(places_.positions),
              *types = weights_.vector(places_.types);
  parallel_rows(threads_, count_, [&](Range range, int) {
    for (int64_t r = range.begin; r < range.end; ++r) {
      const auto t = static_cast<size_t>(r);
      std::copy_n(tokens + batch.ids[t] * hidden, hidden, x.row_data(r));
      const auto add = [&](const float* table, int32_t row) {
        if (table != nullptr)
          add_to_rows<float>(MatView<const float>(table + row * hidden, 1, hidden), x.slice_rows(r, 1));
      };
      add(positions, batch.positions[t]);
      add(types, batch.type_ids.empty() ? 0 : batch.type_ids[t]);
    }
  });
  normalize(places_.embedding_norm, {}, true, embedding_normalized_.resize(count_, hidden), &embedding_rstd_,
            {});
  const Dropout drop = dropout(options_.embedding_dropout, kEmbeddingSite, 0);
  if (drop.rate <= 0) return;
  for (int64_t r = 0; r < count_; ++r)
    drop_row(drop, rows.row_keys[static_cast<size_t>(r)], hidden, x.row_data(r));
}

template <class E>
MatView<const E> EncoderPass<E>::forward(const BatchRows& rows, const uint64_t* dropout_key) {
  MB_CHECK(rows.batch.visible.empty());
  count_ = rows.count;
  padded_ = rows.padded;
  dropout_key_ = dropout_key;
  if (dropout_key != nullptr) dropout_key_value_ = *dropout_key;
  const int32_t positions = 1 + *std::ranges::max_element(rows.batch.positions);
  layer_tables_.clear();
  for (const LayerConfig& layer : config_.layers) {
    layer_tables_.push_back(
        config_.position_kind == PositionKind::kRope ? tables_.get(layer.rope_theta, positions) : nullptr);
  }
  const int64_t hidden = config_.hidden_size;
  output_.resize(padded_, hidden);
  embed(rows);
  MatView<const float> added;
  for (size_t i = 0; i < places_.layers.size(); ++i) {
    run_layer(i, rows, added);
    added = pre_norm() ? MatView<const float>(output_.first(count_)) : MatView<const float>();
  }
  const MatView<E> last = input_.resize(padded_, hidden);
  if (config_.final_norm) {
    normalize(places_.final_norm, added, false, final_normalized_.resize(count_, hidden), &final_rstd_, last);
  } else {
    normalize({}, added, false, {}, nullptr, last);
  }
  dx_.resize(count_, hidden);
  return last;
}

template <class E>
void EncoderPass<E>::run_layer(size_t index, const BatchRows& rows, MatView<const float> added) {
  const LayerPlaces& places = places_.layers[index];
  KeptLayer<E>& layer = kept(index);
  const int64_t hidden = config_.hidden_size;
  const MatView<E> input = input_.resize(padded_, hidden);
  if (options_.recompute) {
    if (added.data != nullptr) normalize({}, added, false, {}, nullptr, {});
    added = {};
    std::copy_n(x_.first(count_).data, count_ * hidden, inputs_[index].resize(count_, hidden).data);
  }
  const MatView<E> attn_normalized = layer.attn_normalized.resize(padded_, hidden);
  const MatView<E> mlp_normalized = layer.mlp_normalized.resize(padded_, hidden);
  if (pre_norm() && places.attn_norm.weight != kNowhere) {
    normalize(places.attn_norm, added, false, attn_normalized, &layer.attn_rstd, input);
    project_queries(index, rows, input);
  } else {
    const MatView<E> rounded = pre_norm() ? attn_normalized : layer.qkv_input.resize(padded_, hidden);
    normalize({}, added, false, {}, nullptr, rounded);
    project_queries(index, rows, rounded);
  }
  attend(index, rows);
  const MatView<float> output = output_.resize(padded_, hidden);
  linear_forward<E, float>(weights_, places.attn_out, layer.context.first(padded_), output);
  drop(dropout(options_.attn_out_dropout, kAttnOutSite, index), rows, output);
  if (pre_norm()) {
    normalize(places.mlp_norm, output.slice_rows(0, count_), false, mlp_normalized, &layer.mlp_rstd, input);
    return run_mlp(index, rows);
  }
  normalize(places.attn_norm, output.slice_rows(0, count_), true, attn_normalized, &layer.attn_rstd, input);
  run_mlp(index, rows);
  normalize(places.mlp_norm, output_.first(count_), true, mlp_normalized, &layer.mlp_rstd, {});
}

template <class E>
HeadRotation EncoderPass<E>::rotation(size_t layer, const BatchRows& rows, int32_t sequence) const {
  const auto& table = layer_tables_[layer];
  if (table == nullptr) return {};
  return {table->cos.data(), table->sin.data(), rows.batch.positions.data() + rows.batch.begin(sequence)};
}

template <class E>
void EncoderPass<E>::project_queries(size_t index, const BatchRows& rows, MatView<const E> input) {
  const MatView<E> qkv = kept(index).qkv.resize(padded_, 3 * config_.hidden_size);
  linear_forward<E, E>(weights_, places_.layers[index].qkv, input, qkv);
  const int64_t dim = config_.head_dim(), heads = 2 * config_.num_attention_heads;  // queries and keys
  const TokenBatch& batch = rows.batch;
#pragma omp parallel for schedule(dynamic) num_threads(threads_)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h)
      rotate_rows<E>(rotation(index, rows, b),
                     qkv.slice_rows(batch.begin(b), batch.length(b)).slice_cols(h * dim, dim));
  }
}

// The head of one sequence as the ops see it.
template <class E>
TrainedHead<E> head_view(const EncoderConfig& config, MatView<const E> qkv, const TokenBatch& batch,
                         int32_t b, int64_t head, int32_t window) {
  const int64_t dim = config.head_dim(), hidden = config.hidden_size;
  const auto rows = qkv.slice_rows(batch.begin(b), batch.length(b));
  return {rows.slice_cols(head * dim, dim),
          rows.slice_cols(hidden + head * dim, dim),
          rows.slice_cols(2 * hidden + head * dim, dim),
          window,
          {}};
}

template <class E>
void EncoderPass<E>::attend(size_t index, const BatchRows& rows) {
  KeptLayer<E>& layer = kept(index);
  const int64_t dim = config_.head_dim(), heads = config_.num_attention_heads;
  const TokenBatch& batch = rows.batch;
  const MatView<E> context = layer.context.resize(padded_, config_.hidden_size);
  const MatView<float> exact = layer.exact_context.resize(count_, config_.hidden_size);
  const MatView<float> log_sums = layer.log_sums.resize(heads, count_);
  const Dropout drop = dropout(options_.attention_dropout, kAttentionSite, index);
#pragma omp parallel for schedule(dynamic) collapse(2) num_threads(threads_)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      auto head = head_view<E>(config_, layer.qkv.first(padded_), batch, b, h, config_.layers[index].window);
      head.dropout =
          drop.with_key(rows.sequence_keys[static_cast<size_t>(b)]).with_key(static_cast<uint64_t>(h));
      const auto part = [&](auto view) {
        return view.slice_rows(batch.begin(b), batch.length(b)).slice_cols(h * dim, dim);
      };
      attention_forward<E>(head, part(context), {log_sums.row_data(h) + batch.begin(b), part(exact)},
                           scratches_[static_cast<size_t>(omp_get_thread_num())]);
    }
  }
  clear_padding(context, count_);
}

template <class E>
void EncoderPass<E>::run_mlp(size_t index, const BatchRows& rows) {
  const LayerPlaces& places = places_.layers[index];
  const MatView<E> wide = kept(index).mlp_wide.resize(padded_, places.mlp_in.out);
  const MatView<E> inner = inner_.resize(padded_, config_.intermediate_size);
  linear_forward<E, E>(weights_, places.mlp_in, input_.first(padded_), wide);
  parallel_rows(threads_, count_, [&](Range range, int) {
    activate_rows<E>(config_.hidden_activation, config_.mlp_kind == MlpKind::kGlu,
                     wide.slice_rows(range.begin, range.size()), inner.slice_rows(range.begin, range.size()));
  });
  drop(dropout(options_.mlp_dropout, kMlpSite, index), rows, inner);
  clear_padding(inner, count_);
  linear_forward<E, float>(weights_, places.mlp_out, inner, output_.first(padded_));
}

// ---- backward

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
void EncoderPass<E>::backward(const BatchRows& rows, ParameterBlock& gradients) {
  if (config_.final_norm)
    backward_norm(places_.final_norm, {}, final_normalized_.first(count_), final_rstd_, false, gradients);
  for (size_t i = places_.layers.size(); i-- > 0;) backward_layer(i, rows, gradients);
  backward_embeddings(rows, gradients);
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
  const Dropout drop = dropout(options_.attention_dropout, kAttentionSite, index);
#pragma omp parallel for schedule(dynamic) collapse(2) num_threads(threads_)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      auto head = head_view<E>(config_, layer.qkv.first(padded_), batch, b, h, config_.layers[index].window);
      head.dropout =
          drop.with_key(rows.sequence_keys[static_cast<size_t>(b)]).with_key(static_cast<uint64_t>(h));
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
      attention_backward<E>(head, gradients, scratches_[static_cast<size_t>(omp_get_thread_num())]);
    }
  }
  clear_padding(dqkv, count_);
}

template <class E>
void EncoderPass<E>::backward_embeddings(const BatchRows& rows, ParameterBlock& gradients) {
  const TokenBatch& batch = rows.batch;
  const int64_t hidden = config_.hidden_size;
  const Dropout drop = dropout(options_.embedding_dropout, kEmbeddingSite, 0);
  const MatView<float> dx = dx_.first(count_);
  if (drop.rate > 0) {
    for (int64_t r = 0; r < count_; ++r)
      drop_row(drop, rows.row_keys[static_cast<size_t>(r)], hidden, dx.row_data(r));
  }
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

template class EncoderPass<float>;
template class EncoderPass<Bf16>;

}  // namespace modernbert
