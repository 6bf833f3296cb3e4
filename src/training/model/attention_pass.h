// A layer's attention forward and backward: Wqkv, rotation, the heads, Wo.
#pragma once

#include <memory>
#include <vector>

#include "model/rope_tables.h"
#include "ops/attention/attention_training.h"
#include "training/model/linear_pass.h"
#include "training/model/pass_context.h"
#include "training/model/rows_buffer.h"

namespace modernbert {

// What the backward pass needs.
template <class E>
struct KeptAttention {
  Rows<E> qkv;           // [T,3H] rotated
  Rows<float> context;   // [T,H] the heads' outputs, not rounded: differences of products with it are small
  Rows<float> log_sums;  // [heads,T]
};

template <class E>
class AttentionPass {
 public:
  explicit AttentionPass(const PassContext<E>& context)
      : context_(context), scratches_(static_cast<size_t>(context.threads)) {}

  // Before the first layer of a batch.
  void prepare(const BatchRows& rows);
  // x, y: [padded,H].
  void forward(size_t layer, const BatchRows& rows, MatView<const E> x, KeptAttention<E>& kept,
               MatView<float> y);
  // Adds the gradients of both matrices.   dy: [padded,H], overwritten; x: [padded,H]. Returns the gradient
  // of x, [padded,H], valid until the next call.
  MatView<const float> backward(size_t layer, const BatchRows& rows, MatView<E> dy, MatView<const E> x,
                                KeptAttention<E>& kept, ParameterBlock& gradients);

 private:
  void project(size_t layer, const BatchRows& rows, MatView<const E> x, KeptAttention<E>& kept);
  void attend(size_t layer, const BatchRows& rows, KeptAttention<E>& kept);
  void backward_heads(size_t layer, const BatchRows& rows, MatView<const E> dcontext, KeptAttention<E>& kept,
                      MatView<E> dqkv);
  MatView<const E> round_context(const BatchRows& rows, KeptAttention<E>& kept);
  HeadRotation rotation(size_t layer, const BatchRows& rows, int32_t sequence) const;
  // One head of one sequence of the layer's queries, keys and values.
  TrainedHead<E> head(size_t layer, const BatchRows& rows, KeptAttention<E>& kept, int32_t sequence,
                      int64_t head) const;
  Dropout dropout(size_t layer) const {
    return context_.dropout(context_.options.attn_out_dropout, DropoutSite::kAttnOut, layer);
  }

  const PassContext<E>& context_;
  RopeTables tables_;
  std::vector<std::shared_ptr<const RopeTable>> layer_tables_;  // of the batch; null: no rotation
  Rows<E> rounded_;                                             // [T,H] the heads' outputs as Wo reads them
  Rows<E> dcontext_, dqkv_;
  Rows<float> dx_;
  std::vector<TrainedHeadScratch> scratches_;
};

}  // namespace modernbert
