// The backward half of EncoderPass, last layer first.
#include "ops/rowwise/norm_training.h"
#include "training/model/encoder_pass.h"

namespace modernbert {

template <class E>
void EncoderPass<E>::backward(const BatchRows& rows, ParameterBlock& gradients,
                              const FinalGradients& final_from) {
  if (context_.config.final_norm)
    stream_.backward_replaced(context_.places.final_norm, final_norm_, gradients);
  for (size_t i = context_.places.layers.size(); i-- > 0;) {
    backward_layer(i, rows, gradients);
    if (final_from) final_from(context_.places.layers[i].begin());
  }
  backward_embeddings(rows, gradients);  // a tied decoder's are there, too
  if (final_from) final_from(0);
}

template <class E>
void EncoderPass<E>::backward_layer(size_t layer, const BatchRows& rows, ParameterBlock& gradients) {
  if (context_.options.recompute) {
    const MatView<float> x = stream_.x();
    std::copy_n(inputs_[layer].first(count_).data, x.rows * x.cols, x.data);
    run_layer(layer, rows, {});  // what entered is already the sum: nothing is added again
  }
  switch (block(layer)) {
    case BlockKind::kPreNorm:
      return backward_pre_norm(layer, rows, gradients);
    case BlockKind::kPostNorm:
      return backward_post_norm(layer, rows, gradients);
    case BlockKind::kParallel:
      return backward_parallel(layer, rows, gradients);
  }
}

template <class E>
void EncoderPass<E>::backward_pre_norm(size_t layer, const BatchRows& rows, ParameterBlock& gradients) {
  const LayerPlaces& places = context_.places.layers[layer];
  KeptLayer<E>& of = kept(layer);
  const MatView<E> input = input_.first(padded_);
  stream_.output_again(places.mlp_norm, of.mlp_norm, input);
  const auto dmlp = mlp_.backward(layer, rows, stream_.rounded_gradient(), input, of.mlp_wide, gradients);
  stream_.backward(places.mlp_norm, dmlp.slice_rows(0, count_), of.mlp_norm, gradients);
  const auto dattention = attention_.backward(layer, rows, stream_.rounded_gradient(),
                                              attention_input_again(layer), of.attention, gradients);
  backward_attention_input(layer, dattention, gradients);
}

template <class E>
void EncoderPass<E>::backward_post_norm(size_t layer, const BatchRows& rows, ParameterBlock& gradients) {
  const LayerPlaces& places = context_.places.layers[layer];
  KeptLayer<E>& of = kept(layer);
  const MatView<E> input = input_.first(padded_);
  stream_.backward_replaced(places.mlp_norm, of.mlp_norm, gradients);
  stream_.output_again(places.attn_norm, of.attn_norm, input);
  stream_.add_gradient(mlp_.backward(layer, rows, stream_.rounded_gradient(), input, of.mlp_wide, gradients));
  stream_.backward_replaced(places.attn_norm, of.attn_norm, gradients);
  stream_.add_gradient(attention_.backward(layer, rows, stream_.rounded_gradient(),
                                           attention_input_again(layer), of.attention, gradients));
}

// Attention and MLP read the same rows.
template <class E>
void EncoderPass<E>::backward_parallel(size_t layer, const BatchRows& rows, ParameterBlock& gradients) {
  KeptLayer<E>& of = kept(layer);
  const MatView<const E> input = attention_input_again(layer);
  const MatView<E> dy = stream_.rounded_gradient();
  const auto dmlp = mlp_.backward(layer, rows, dy, input, of.mlp_wide, gradients);
  const auto dattention = attention_.backward(layer, rows, dy, input, of.attention, gradients);
  const MatView<float> sum = gradient_.resize(padded_, context_.config.hidden_size);
  parallel_rows(context_.threads, count_, [&](Range range, int) {
    for (int64_t r = range.begin; r < range.end; ++r) {
      std::copy_n(dmlp.row_data(r), dmlp.cols, sum.row_data(r));
      add_to_rows<float>(dattention.slice_rows(r, 1), sum.slice_rows(r, 1));
    }
  });
  backward_attention_input(layer, sum, gradients);
}

template <class E>
MatView<const E> EncoderPass<E>::attention_input_again(size_t layer) {
  if (!reads_norm(layer)) return kept(layer).attn_input.first(padded_);
  const MatView<E> input = input_.first(padded_);
  stream_.output_again(context_.places.layers[layer].attn_norm, kept(layer).attn_norm, input);
  return input;
}

// From the gradient of what attention read to the stream's.
template <class E>
void EncoderPass<E>::backward_attention_input(size_t layer, MatView<const float> gradient,
                                              ParameterBlock& gradients) {
  if (!reads_norm(layer)) return stream_.add_gradient(gradient);
  stream_.backward(context_.places.layers[layer].attn_norm, gradient.slice_rows(0, count_),
                   kept(layer).attn_norm, gradients);
}

template <class E>
void EncoderPass<E>::backward_embeddings(const BatchRows& rows, ParameterBlock& gradients) {
  const TokenBatch& batch = rows.batch;
  const int64_t hidden = context_.config.hidden_size;
  const MatView<float> dx = stream_.gradient();
  context_.drop(context_.dropout(context_.options.embedding_dropout, DropoutSite::kEmbedding, 0), rows, dx);
  const ModelPlaces& places = context_.places;
  if (context_.config.embedding_norm)
    stream_.backward_replaced(places.embedding_norm, embedding_norm_, gradients);
  float* values = gradients.values().data();
  // Threads share out the columns: rows of one token are added in the order of the batch.
  parallel_rows(context_.threads, hidden, [&](Range columns, int) {
    const auto add = [&](int64_t table, int32_t row, int64_t r) {
      float* to = values + table + row * hidden;
      for (int64_t c = columns.begin; c < columns.end; ++c) to[c] += dx.row_data(r)[c];
    };
    for (int64_t r = 0; r < count_; ++r) {
      const auto t = static_cast<size_t>(r);
      if (batch.ids[t] != context_.config.pad_token_id) add(places.tokens, batch.ids[t], r);
      if (places.positions != kNowhere) add(places.positions, batch.positions[t], r);
      if (places.types != kNowhere) add(places.types, batch.type_ids.empty() ? 0 : batch.type_ids[t], r);
    }
  });
}

template void EncoderPass<float>::backward(const BatchRows&, ParameterBlock&, const FinalGradients&);
template void EncoderPass<Bf16>::backward(const BatchRows&, ParameterBlock&, const FinalGradients&);

}  // namespace modernbert
