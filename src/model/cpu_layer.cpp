#include "model/cpu_layer.h"

#include <cmath>
#include <numbers>

#include "ops/activations.h"
#include "ops/layer_norm.h"

namespace modernbert {
namespace {

std::unique_ptr<Linear> pack(GemmType gemm, const LinearParams& params) {
  return make_linear(gemm, params.weight.view(), params.bias);
}

MatView<float> tile_of(AlignedBuffer<float>& buffer, int64_t rows, int64_t cols) {
  buffer.reserve(static_cast<size_t>(Linear::kTileRows * cols));
  return {buffer.data(), rows, cols};
}

void normalize(MatView<const float> x, const NormParams& norm, double eps, MatView<float> y) {
  layer_norm(x, norm.weight, norm.bias, static_cast<float>(eps), y);
}

// The epilogue of both output projections: x += y.
auto add_to(MatView<float> x) {
  return [x](int64_t column, MatView<const float> y) { add_rows(y, x.slice_cols(column, y.cols)); };
}

}  // namespace

CpuLayer::CpuLayer(LayerParams params, const EncoderConfig& config, int index, GemmType gemm)
    : config_(config),
      layer_(config.layers[static_cast<size_t>(index)]),
      query_scale_(
          static_cast<float>(std::numbers::log2e / std::sqrt(static_cast<double>(config.head_dim())))),
      attn_norm_(std::move(params.attn_norm)),
      mlp_norm_(std::move(params.mlp_norm)),
      qkv_(pack(gemm, params.qkv)),
      attn_out_(pack(gemm, params.attn_out)),
      mlp_in_(pack(gemm, params.mlp_in)),
      mlp_out_(pack(gemm, params.mlp_out)) {}

size_t CpuLayer::packed_bytes() const {
  return qkv_->packed_bytes() + attn_out_->packed_bytes() + mlp_in_->packed_bytes() +
         mlp_out_->packed_bytes();
}

void CpuLayer::project(const TokenBatch& batch, int64_t begin, MatView<const float> x,
                       CpuWorkspace& workspace, CpuThreadScratch& scratch) const {
  MatView<const float> input = x;
  if (config_.norm_placement == NormPlacement::kPre && attn_norm_) {
    const MatView<float> normed = tile_of(scratch.normed, x.rows, x.cols);
    normalize(x, *attn_norm_, config_.norm_eps, normed);
    input = normed;
  }
  qkv_->run_tile(input, scratch.linear, [&](int64_t column, MatView<const float> y) {
    store_heads(column, y, batch, begin, workspace);
  });
}

// y holds whole heads of [q | k | v]; each goes to its row of the attention layout, q and k rotated.
void CpuLayer::store_heads(int64_t column, MatView<const float> y, const TokenBatch& batch, int64_t begin,
                           CpuWorkspace& workspace) const {
  const int64_t dim = config_.head_dim(), heads = config_.num_attention_heads;
  const bool rotates = config_.position_kind == PositionKind::kRope;
  const RopeTable* table = rotates ? workspace.rope_tables.at(layer_.rope_theta).get() : nullptr;
  const auto size = static_cast<size_t>(dim);
  for (int64_t r = 0; r < y.rows; ++r) {
    const int64_t token = begin + r, row = workspace.layout.row_of_token(token);
    const int64_t angle = rotates ? batch.positions[static_cast<size_t>(token)] * table->half_dim : 0;
    for (int64_t c = 0; c < y.cols; c += dim) {
      const int64_t part = (column + c) / (heads * dim), head = (column + c) / dim % heads;
      const std::span<const float> from(y.row_data(r) + c, size);
      float* to = part == 0   ? workspace.layout.q(head, row)
                  : part == 1 ? workspace.layout.k(head, row)
                              : workspace.layout.v(head, row);
      const float scale = part == 0 ? query_scale_ : 1.0f;
      if (part < 2 && rotates) {
        rope_rotate(from, {table->cos.data() + angle, size / 2}, {table->sin.data() + angle, size / 2}, scale,
                    {to, size});
      } else {
        for (size_t i = 0; i < size; ++i) to[i] = from[i] * scale;
      }
    }
  }
}

void CpuLayer::attend(const TokenBatch& batch, const AttentionItem& item, CpuWorkspace& workspace,
                      CpuThreadScratch& scratch) const {
  const int64_t hidden = config_.hidden_size, dim = config_.head_dim();
  const AttentionHead head = workspace.layout.head(batch, item.sequence, item.head, layer_.window);
  float* first = workspace.context.data() + batch.begin(item.sequence) * hidden + item.head * dim;
  attention_block(head, item.query_begin, scratch.attention,
                  MatView<float>(first, batch.length(item.sequence), dim, hidden));
}

void CpuLayer::finish(MatView<const float> context, MatView<float> x, CpuThreadScratch& scratch) const {
  attn_out_->run_tile(context, scratch.linear, add_to(x));
  if (config_.norm_placement == NormPlacement::kPost) {
    normalize(x, *attn_norm_, config_.norm_eps, x);
    feed_forward(x, x, scratch);
    normalize(x, mlp_norm_, config_.norm_eps, x);
    return;
  }
  const MatView<float> normed = tile_of(scratch.normed, x.rows, x.cols);
  normalize(x, mlp_norm_, config_.norm_eps, normed);
  feed_forward(normed, x, scratch);
}

// x += mlp(input).   input may alias x: it is consumed before x changes.
void CpuLayer::feed_forward(MatView<const float> input, MatView<float> x, CpuThreadScratch& scratch) const {
  const int64_t size = config_.intermediate_size;
  const MatView<float> inner = tile_of(scratch.inner, x.rows, size);
  mlp_in_->run_tile(input, scratch.linear, [&](int64_t, MatView<const float> y) {
    for (int64_t r = 0; r < y.rows; ++r) {
      if (config_.mlp_kind == MlpKind::kGlu) {
        gated_activation(config_.hidden_activation, y.slice_cols(0, size).row(r),
                         y.slice_cols(size, size).row(r), inner.row(r));
      } else {
        apply_activation(config_.hidden_activation, y.row(r), inner.row(r));
      }
    }
  });
  mlp_out_->run_tile(inner, scratch.linear, add_to(x));
}

}  // namespace modernbert
