#include "model/cpu_layer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/activations.h"
#include "ops/layer_norm.h"

namespace modernbert {
namespace {

// Columns of Wi that go to the epilogue together: 32 of u with their 32 of g, one panel.
constexpr int64_t kGateGroup = 64;

std::unique_ptr<Linear> pack(GemmType gemm, const LinearParams& params, int64_t group = 1) {
  return make_linear(gemm, params.weight.view(), params.bias, group);
}

// Row order [u0..u31, g0..g31, u32..] instead of [u, g], so that a group of columns holds both factors of its
// products.
LinearParams interleave_gates(const LinearParams& params) {
  const int64_t size = params.weight.rows() / 2, half = kGateGroup / 2;
  LinearParams mixed{Matrix(2 * size, params.weight.cols()), std::vector<float>(params.bias.size())};
  int64_t row = 0;
  for (int64_t begin = 0; begin < size; begin += half) {
    for (const int64_t first : {begin, size + begin}) {
      for (int64_t i = first; i < first + std::min(half, size - begin); ++i, ++row) {
        std::ranges::copy(params.weight.row(i), mixed.weight.row(row).begin());
        if (!params.bias.empty()) mixed.bias[static_cast<size_t>(row)] = params.bias[static_cast<size_t>(i)];
      }
    }
  }
  return mixed;
}

std::unique_ptr<Linear> pack_mlp_in(GemmType gemm, const LinearParams& params, MlpKind kind) {
  return kind == MlpKind::kGlu ? pack(gemm, interleave_gates(params), kGateGroup) : pack(gemm, params);
}

MatView<float> tile_of(AlignedBuffer<float>& buffer, int64_t rows, int64_t cols) {
  buffer.reserve(static_cast<size_t>(Linear::kMaxTileRows * cols));
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
      qkv_(pack(gemm, params.qkv, config.head_dim())),
      attn_out_(pack(gemm, params.attn_out)),
      mlp_in_(pack_mlp_in(gemm, params.mlp_in, config.mlp_kind)),
      mlp_out_(pack(gemm, params.mlp_out)) {}

int64_t CpuLayer::max_tile_rows() const {
  return std::min({qkv_->max_tile_rows(), attn_out_->max_tile_rows(), mlp_in_->max_tile_rows(),
                   mlp_out_->max_tile_rows()});
}

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
    store_heads(column, y, batch, begin, workspace, scratch);
  });
}

// y holds whole heads of [q | k | v]; each goes to its row of the attention layout, q and k rotated.
void CpuLayer::store_heads(int64_t column, MatView<const float> y, const TokenBatch& batch, int64_t begin,
                           CpuWorkspace& workspace, CpuThreadScratch& scratch) const {
  const int64_t dim = config_.head_dim(), heads = config_.num_attention_heads;
  const bool rotates = config_.position_kind == PositionKind::kRope;
  const RopeTable* table = rotates ? workspace.rope_tables.at(layer_.rope_theta).get() : nullptr;
  const auto size = static_cast<size_t>(dim);
  scratch.head.resize(size);
  for (int64_t r = 0; r < y.rows; ++r) {
    const auto token = static_cast<size_t>(begin + r);
    for (int64_t c = 0; c < y.cols; c += dim) {
      const auto part = static_cast<QkvPart>((column + c) / (heads * dim));
      const int64_t head = (column + c) / dim % heads;
      std::span<const float> values(y.row_data(r) + c, size);
      const float scale = part == QkvPart::kQuery ? query_scale_ : 1.0f;
      if (part != QkvPart::kValue && rotates) {
        const float* cos = table->cos.data() + batch.positions[token] * table->half_dim;
        const float* sin = table->sin.data() + batch.positions[token] * table->half_dim;
        rope_rotate(values, {cos, size / 2}, {sin, size / 2}, scale, scratch.head);
        values = scratch.head;
      } else if (part == QkvPart::kQuery) {
        std::ranges::transform(values, scratch.head.begin(), [scale](float value) { return value * scale; });
        values = scratch.head;
      }
      workspace.layout.store(part, head, begin + r, values);
    }
  }
}

void CpuLayer::attend(const TokenBatch& batch, const AttentionItem& item, CpuWorkspace& workspace,
                      CpuThreadScratch& scratch) const {
  const int64_t hidden = config_.hidden_size, dim = config_.head_dim();
  float* first = workspace.context.data() + batch.begin(item.sequence) * hidden + item.head * dim;
  workspace.layout.attend(batch, item, layer_.window, scratch.attention,
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

// y: finished columns of Wi, from `column` on.   inner: [rows,I].
void CpuLayer::activate(int64_t column, MatView<const float> y, MatView<float> inner) const {
  const Activation activation = config_.hidden_activation;
  for (int64_t r = 0; r < y.rows; ++r) {
    if (config_.mlp_kind == MlpKind::kMlp) {
      apply_activation(activation, y.row(r), inner.slice_cols(column, y.cols).row(r));
      continue;
    }
    for (int64_t c = 0; c < y.cols; c += kGateGroup) {
      const int64_t half = std::min(kGateGroup, y.cols - c) / 2;
      gated_activation(activation, y.slice_cols(c, half).row(r), y.slice_cols(c + half, half).row(r),
                       inner.slice_cols((column + c) / 2, half).row(r));
    }
  }
}

// x += mlp(input).   input may alias x: it is consumed before x changes.
void CpuLayer::feed_forward(MatView<const float> input, MatView<float> x, CpuThreadScratch& scratch) const {
  const int64_t size = config_.intermediate_size;
  const MatView<float> inner = tile_of(scratch.inner, x.rows, size);
  mlp_in_->run_tile(input, scratch.linear,
                    [&](int64_t column, MatView<const float> y) { activate(column, y, inner); });
  mlp_out_->run_tile(inner, scratch.linear, add_to(x));
}

}  // namespace modernbert
