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
  if (!dropout_key_ || rate <= 0) return {};
  return {rate, random_hash(*dropout_key_, layer * kSites + site)};
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
  drop(dropout(options_.embedding_dropout, kEmbeddingSite, 0), rows, x);
}

template <class E>
MatView<const E> EncoderPass<E>::forward(const BatchRows& rows, std::optional<uint64_t> dropout_key) {
  MB_CHECK(rows.batch.visible.empty());
  count_ = rows.count;
  padded_ = rows.padded;
  dropout_key_ = dropout_key;
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

template <class E>
TrainedHead<E> EncoderPass<E>::head(size_t layer, const BatchRows& rows, int32_t sequence, int64_t head) {
  const int64_t dim = config_.head_dim(), hidden = config_.hidden_size;
  const MatView<const E> qkv =
      kept(layer).qkv.first(padded_).slice_rows(rows.batch.begin(sequence), rows.batch.length(sequence));
  const uint64_t key = rows.sequence_keys[static_cast<size_t>(sequence)];
  return {qkv.slice_cols(head * dim, dim), qkv.slice_cols(hidden + head * dim, dim),
          qkv.slice_cols(2 * hidden + head * dim, dim), config_.layers[layer].window,
          dropout(options_.attention_dropout, kAttentionSite, layer)
              .with_key(key)
              .with_key(static_cast<uint64_t>(head))};
}

template <class E>
void EncoderPass<E>::attend(size_t index, const BatchRows& rows) {
  KeptLayer<E>& layer = kept(index);
  const int64_t dim = config_.head_dim(), heads = config_.num_attention_heads;
  const TokenBatch& batch = rows.batch;
  const MatView<E> context = layer.context.resize(padded_, config_.hidden_size);
  const MatView<float> exact = layer.exact_context.resize(count_, config_.hidden_size);
  const MatView<float> log_sums = layer.log_sums.resize(heads, count_);
#pragma omp parallel for schedule(dynamic) collapse(2) num_threads(threads_)
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const auto part = [&](auto view) {
        return view.slice_rows(batch.begin(b), batch.length(b)).slice_cols(h * dim, dim);
      };
      attention_forward<E>(head(index, rows, b, h), part(context),
                           {log_sums.row_data(h) + batch.begin(b), part(exact)},
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

template class EncoderPass<float>;
template class EncoderPass<Bf16>;

}  // namespace modernbert
