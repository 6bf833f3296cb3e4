#include "training/model/encoder_pass.h"

#include "core/check.h"
#include "ops/rowwise/norm_training.h"

namespace modernbert {

template <class E>
EncoderPass<E>::EncoderPass(const EncoderConfig& config, const TrainingOptions& options, int threads,
                            const ModelPlaces& places, const ComputeWeights<E>& weights)
    : context_{config, options, threads, places, weights, std::nullopt},
      stream_(context_),
      attention_(context_),
      mlp_(context_),
      kept_(options.recompute ? 1 : places.layers.size()),
      inputs_(options.recompute ? places.layers.size() : 0) {}

template <class E>
void EncoderPass<E>::embed(const BatchRows& rows) {
  const TokenBatch& batch = rows.batch;
  const int64_t hidden = context_.config.hidden_size;
  const MatView<float> x = stream_.x();
  const float *tokens = context_.weights.vector(context_.places.tokens),
              *positions = context_.weights.vector(context_.places.positions),
              *types = context_.weights.vector(context_.places.types);
  parallel_rows(context_.threads, count_, [&](Range range, int) {
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
  if (context_.config.embedding_norm)
    stream_.replace_by_norm(context_.places.embedding_norm, {}, embedding_norm_, {});
  context_.drop(context_.dropout(context_.options.embedding_dropout, DropoutSite::kEmbedding, 0), rows, x);
}

template <class E>
MatView<const E> EncoderPass<E>::forward(const BatchRows& rows, std::optional<uint64_t> dropout_key) {
  MB_CHECK(rows.batch.visible.empty());
  count_ = rows.count;
  padded_ = rows.padded;
  context_.dropout_key = dropout_key;
  stream_.resize(rows);
  attention_.prepare(rows);
  input_.resize(padded_, context_.config.hidden_size);
  output_.resize(padded_, context_.config.hidden_size);
  embed(rows);
  MatView<const float> added;
  for (size_t i = 0; i < context_.places.layers.size(); ++i) added = run_layer(i, rows, added);
  const MatView<E> last = input_.first(padded_);
  if (context_.config.final_norm) {
    stream_.normalize(context_.places.final_norm, added, final_norm_, last);
  } else {
    stream_.round(added, last);
  }
  return last;
}

template <class E>
MatView<const float> EncoderPass<E>::run_layer(size_t layer, const BatchRows& rows,
                                               MatView<const float> added) {
  if (context_.options.recompute) {
    remember_input(layer, added);
    added = {};
  }
  const MatView<const E> input = attention_input(layer, added);
  const MatView<float> output = output_.first(padded_);
  attention_.forward(layer, rows, input, kept(layer).attention, output);
  mlp_.forward(layer, rows, mlp_input(layer, input), kept(layer).mlp_wide, output);
  if (block(layer) != BlockKind::kPostNorm) return output.slice_rows(0, count_);
  stream_.replace_by_norm(context_.places.layers[layer].mlp_norm, output.slice_rows(0, count_),
                          kept(layer).mlp_norm, {});
  return {};
}

template <class E>
void EncoderPass<E>::remember_input(size_t layer, MatView<const float> added) {
  stream_.add(added);
  const MatView<float> x = stream_.x();
  std::copy_n(x.data, x.rows * x.cols, inputs_[layer].resize(x.rows, x.cols).data);
}

template <class E>
MatView<const E> EncoderPass<E>::attention_input(size_t layer, MatView<const float> added) {
  if (reads_norm(layer)) {
    const MatView<E> input = input_.first(padded_);
    stream_.normalize(context_.places.layers[layer].attn_norm, added, kept(layer).attn_norm, input);
    return input;
  }
  const MatView<E> input = kept(layer).attn_input.resize(padded_, context_.config.hidden_size);
  stream_.round(added, input);
  return input;
}

template <class E>
MatView<const E> EncoderPass<E>::mlp_input(size_t layer, MatView<const E> attention_input) {
  const LayerPlaces& places = context_.places.layers[layer];
  const MatView<const float> added = output_.first(count_);
  const MatView<E> input = input_.first(padded_);
  switch (block(layer)) {
    case BlockKind::kPreNorm:
      stream_.normalize(places.mlp_norm, added, kept(layer).mlp_norm, input);
      break;
    case BlockKind::kPostNorm:
      stream_.replace_by_norm(places.attn_norm, added, kept(layer).attn_norm, input);
      break;
    case BlockKind::kParallel:
      stream_.add(added);
      return attention_input;
  }
  return input;
}

template class EncoderPass<float>;
template class EncoderPass<Bf16>;

}  // namespace modernbert
