// One encoder layer on the CPU: packed weights, and its two halves as functions of a tile of rows.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "model/checkpoint.h"
#include "model/cpu_workspace.h"
#include "model/gemm_plan.h"
#include "modernbert/config.h"
#include "ops/linear/linear.h"
#include "ops/rowwise/activations.h"

namespace modernbert {

// A tile of tokens and who works on it: one thread, or a team that shares the buffers and meets after every
// step.
struct Tile {
  int64_t begin;     // first token
  MatView<float> x;  // [rows,H] residual stream
  TileBuffers& buffers;
  Share share;
};

// Immutable, thread-safe with one scratch per thread.
class CpuLayer {
 public:
  CpuLayer(LayerParams params, const EncoderConfig& config, int index, const GemmPlan& plan);

  // Before attention: norm, Wqkv and rotation of the tile's tokens, written into the layout.
  void project(const TokenBatch& batch, const Tile& tile, CpuWorkspace& workspace,
               CpuThreadScratch& scratch) const;

  // One block of attention, written into workspace.context.
  void attend(const TokenBatch& batch, const AttentionItem& item, CpuWorkspace& workspace,
              CpuThreadScratch& scratch) const;

  // After attention: output projection, MLP and both residual additions, in place.
  // context: [rows,H] attention output.
  void finish(const RowsView& context, const Tile& tile, CpuThreadScratch& scratch) const;

  // Sizes a thread's buffers for this layer's tiles.
  void reserve(TileBuffers& buffers) const;

  int64_t window() const { return layer_.window; }
  bool rotates() const { return layer_.rope_dim != 0; }
  // The table that the layer rotates by.
  RopeKey rope_key() const { return {layer_.rope_theta, config_.rope_dim(layer_), config_.head_dim()}; }
  size_t packed_bytes() const;
  std::array<const Linear*, 4> products() const;
  // The layer behind this one: its first weights are fetched while the last product of this one runs.
  void set_next(const CpuLayer& next) { next_ = next.qkv_.get(); }

 private:
  RowsView normalized(const Tile& tile, const NormParams& norm, RowType type,
                      CpuThreadScratch& scratch) const;
  void normalize_in_place(const Tile& tile, const NormParams& norm, CpuThreadScratch& scratch) const;
  // What a product reads from the stream: its norm, or where there is none the stream itself.
  // norm: null = none.
  RowsView input_of(const Linear& linear, const Tile& tile, const NormParams* norm,
                    CpuThreadScratch& scratch) const;
  const NormParams* attn_norm() const { return attn_norm_ ? &*attn_norm_ : nullptr; }
  void store_heads(int64_t token, int64_t column, MatView<const float> y, const Rotation& rotation,
                   AttentionLayout& layout) const;
  void activate(int64_t row, int64_t column, MatView<const float> y, RowBuffer& inner) const;
  void add_attention(const RowsView& context, const Tile& tile, CpuThreadScratch& scratch) const;
  void feed_forward(const RowsView& input, const Tile& tile, CpuThreadScratch& scratch) const;
  RowType inner_type() const;

  const EncoderConfig& config_;
  LayerConfig layer_;
  float query_scale_;  // head_dim^-0.5 * log2(e): attention works with powers of two
  ActivationFunction activation_;
  std::optional<NormParams> attn_norm_, mlp_norm_;
  std::unique_ptr<Linear> qkv_, attn_out_, mlp_in_, mlp_out_;
  const Linear* next_ = nullptr;
};

}  // namespace modernbert
