// One encoder layer on the CPU: packed weights, and its two halves as functions of a tile of rows.
#pragma once

#include <memory>
#include <optional>

#include "model/checkpoint.h"
#include "model/cpu_workspace.h"
#include "modernbert/config.h"
#include "ops/linear.h"

namespace modernbert {

// Immutable, thread-safe with one scratch per thread.
class CpuLayer {
 public:
  CpuLayer(LayerParams params, const EncoderConfig& config, int index, GemmType gemm);

  // Before attention: norm, Wqkv and rotation of tokens [begin, begin + x.rows), written into the layout.
  // x: [rows,H] residual rows, only read.
  void project(const TokenBatch& batch, int64_t begin, MatView<const float> x, CpuWorkspace& workspace,
               CpuThreadScratch& scratch) const;

  // One block of attention, written into workspace.context.
  void attend(const TokenBatch& batch, const AttentionItem& item, CpuWorkspace& workspace,
              CpuThreadScratch& scratch) const;

  // After attention: output projection, MLP and both residual additions.
  // context: [rows,H] attention output.   x: [rows,H], updated in place.
  void finish(MatView<const float> context, MatView<float> x, CpuThreadScratch& scratch) const;

  int64_t window() const { return layer_.window; }
  double rope_theta() const { return layer_.rope_theta; }
  size_t packed_bytes() const;
  int64_t max_tile_rows() const;

 private:
  void store_heads(int64_t column, MatView<const float> y, const TokenBatch& batch, int64_t begin,
                   CpuWorkspace& workspace, CpuThreadScratch& scratch) const;
  void activate(int64_t column, MatView<const float> y, MatView<float> inner) const;
  void feed_forward(MatView<const float> input, MatView<float> x, CpuThreadScratch& scratch) const;

  const EncoderConfig& config_;
  LayerConfig layer_;
  float query_scale_;  // head_dim^-0.5 * log2(e): attention works with powers of two
  std::optional<NormParams> attn_norm_;
  NormParams mlp_norm_;
  std::unique_ptr<Linear> qkv_, attn_out_, mlp_in_, mlp_out_;
};

}  // namespace modernbert
