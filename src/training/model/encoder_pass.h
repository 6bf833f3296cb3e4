// Forward pass of an encoder that keeps what its backward pass needs, and the backward pass.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "model/rope_tables.h"
#include "ops/attention_training.h"
#include "training/model/batch_rows.h"
#include "training/model/compute_weights.h"
#include "training/model/linear_pass.h"
#include "training/model/training_options.h"
#include "training/run/trained_model.h"

namespace modernbert {

// A buffer of rows; rows past those of a batch are zeros where products sum over them.
template <class E>
struct Rows {
  AlignedBuffer<E> data;
  int64_t cols = 0;
  MatView<E> resize(int64_t rows, int64_t columns) {
    cols = columns;
    data.reserve(static_cast<size_t>(rows * columns));
    return {data.data(), rows, columns};
  }
  MatView<E> first(int64_t rows) { return {data.data(), rows, cols}; }
};

// Sets rows [count, x.rows) to zero.
template <class E>
void clear_padding(MatView<E> x, int64_t count) {
  for (int64_t r = count; r < x.rows; ++r) std::fill_n(x.row_data(r), x.cols, E{});
}

// What a layer keeps of its forward pass. E: float or Bf16.
template <class E>
struct KeptLayer {
  Rows<E> attn_normalized;                 // [T,H] (a pre-norm layer without this norm: its input)
  Rows<E> qkv;                             // [T,3H] rotated
  Rows<E> context;                         // [T,H] the heads' outputs
  Rows<float> exact_context;               // the same, not rounded: differences of products with it are small
  Rows<E> mlp_normalized;                  // [T,H]
  Rows<E> mlp_wide;                        // [T,2I]
  Rows<float> log_sums;                    // [heads,T]
  std::vector<float> attn_rstd, mlp_rstd;  // [T]
  Rows<E> qkv_input;                       // [T,H] of a post-norm layer
};

template <class E>
class EncoderPass {
 public:
  // All are referred to, not copied.
  EncoderPass(const EncoderConfig& config, const TrainingOptions& options, int threads,
              const ModelPlaces& places, const ComputeWeights<E>& weights);

  // The last hidden states, [padded,H], rounded; valid until the next call.
  // dropout_key: none: no dropout (evaluation).
  MatView<const E> forward(const BatchRows& rows, std::optional<uint64_t> dropout_key);

  // The gradient of the last hidden states, to be filled by the caller: [T,H].
  MatView<float> hidden_gradient() { return dx_.first(count_); }
  // Adds to all gradients of the encoder; the same batch as the last forward pass. The gradients of the head,
  // which lie behind the encoder's, must be there already.
  void backward(const BatchRows& rows, ParameterBlock& gradients, const FinalGradients& final_from = {});

 private:
  enum Site : uint64_t { kEmbeddingSite, kAttentionSite, kAttnOutSite, kMlpSite, kSites };
  Dropout dropout(double rate, Site site, size_t layer) const;
  KeptLayer<E>& kept(size_t layer) { return kept_[options_.recompute ? 0 : layer]; }
  bool pre_norm() const { return config_.norm_placement == NormPlacement::kPre; }

  void embed(const BatchRows& rows);
  // added: rows that still have to be added to the residual stream, or no data.
  void run_layer(size_t index, const BatchRows& rows, MatView<const float> added);
  void project_queries(size_t index, const BatchRows& rows, MatView<const E> input);
  void attend(size_t index, const BatchRows& rows);
  void run_mlp(size_t index, const BatchRows& rows);
  // x += added, then the norm. out: what the next product reads.
  void normalize(const NormPlaces& norm, MatView<const float> added, bool replaces_x, MatView<E> normalized,
                 std::vector<float>* rstd, MatView<E> out);
  template <class T>
  void drop(const Dropout& dropout, const BatchRows& rows, MatView<T> x);

  void backward_layer(size_t index, const BatchRows& rows, ParameterBlock& gradients);
  void backward_mlp(size_t index, const BatchRows& rows, ParameterBlock& gradients);
  void backward_attention(size_t index, const BatchRows& rows, ParameterBlock& gradients);
  void backward_heads(size_t index, const BatchRows& rows, MatView<const E> dcontext, MatView<E> dqkv);
  void backward_embeddings(const BatchRows& rows, ParameterBlock& gradients);
  void backward_norm(const NormPlaces& norm, MatView<const float> dy, MatView<const E> normalized,
                     const std::vector<float>& rstd, bool accumulates, ParameterBlock& gradients);
  // The input of a product, from what was kept of the norm in front of it.
  MatView<const E> product_input(const NormPlaces& norm, MatView<const E> normalized);
  MatView<E> rounded_gradient();
  void add_gradient(MatView<const float> gradient);  // dx +=
  HeadRotation rotation(size_t layer, const BatchRows& rows, int32_t sequence) const;
  // One head of one sequence of the layer's queries, keys and values.
  TrainedHead<E> head(size_t layer, const BatchRows& rows, int32_t sequence, int64_t head);

  const EncoderConfig& config_;
  const TrainingOptions& options_;
  int threads_;
  const ModelPlaces& places_;
  const ComputeWeights<E>& weights_;
  RopeTables tables_;
  std::vector<std::shared_ptr<const RopeTable>> layer_tables_;  // of the batch
  std::optional<uint64_t> dropout_key_;
  int64_t count_ = 0, padded_ = 0;

  std::vector<KeptLayer<E>> kept_;
  std::vector<Rows<float>> inputs_;  // of each layer, where layers are recomputed
  Rows<float> x_, dx_;               // [T,H] residual stream and its gradient
  Rows<float> output_, dinput_;      // [T,H] what a product adds to the one or the other
  Rows<E> embedding_normalized_, final_normalized_;
  std::vector<float> embedding_rstd_, final_rstd_;
  Rows<E> input_, inner_, dinner_, dwide_, drows_, dcontext_;  // scratch
  std::vector<AlignedBuffer<float>> partial_sums_;             // one a thread
  std::vector<TrainedHeadScratch> scratches_;
};

template <class E>
template <class T>
void EncoderPass<E>::drop(const Dropout& dropout, const BatchRows& rows, MatView<T> x) {
  if (dropout.rate <= 0) return;
  parallel_rows(threads_, count_, [&](Range range, int) {
    for (int64_t r = range.begin; r < range.end; ++r)
      drop_row(dropout, rows.row_keys[static_cast<size_t>(r)], x.cols, x.row_data(r));
  });
}

}  // namespace modernbert
