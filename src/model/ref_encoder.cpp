#include "model/ref_encoder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/activations.h"
#include "ops/attention.h"
#include "ops/layer_norm.h"
#include "ops/linear.h"
#include "ops/rope.h"

namespace modernbert {
namespace {

Matrix apply(const LinearParams& params, MatView<const float> x) {
  Matrix y(x.rows, params.weight.rows());
  apply_linear(*make_linear(GemmType::kRef, params.weight.view(), params.bias), x, y.view(), 1);
  return y;
}

Matrix copy_of(MatView<const float> x) {
  Matrix copy(x.rows, x.cols);
  for (int64_t r = 0; r < x.rows; ++r) std::ranges::copy(x.row(r), copy.row(r).begin());
  return copy;
}

void add(const Matrix& y, Matrix& x) {
  for (int64_t r = 0; r < x.rows(); ++r) {
    for (int64_t i = 0; i < x.cols(); ++i) x.view().row_data(r)[i] += y.view().row_data(r)[i];
  }
}

}  // namespace

RefEncoder::RefEncoder(const EncoderConfig& config, const Weights& weights)
    : config_(config), embedding_(Checkpoint(config, weights).embeddings()) {
  const Checkpoint checkpoint(config, weights);
  for (int i = 0; i < config.num_hidden_layers; ++i) layers_.push_back(checkpoint.layer(i));
  final_norm_ = checkpoint.final_norm();
}

void RefEncoder::normalize(const NormParams& norm, MatView<const float> x, MatView<float> y) const {
  ref::layer_norm(x, norm.weight, norm.bias, static_cast<float>(config_.norm_eps), y);
}

// qkv: [T,3H]. Returns the heads' outputs side by side, [T,H].
Matrix RefEncoder::attention(size_t index, const TokenBatch& batch, const Matrix& qkv) const {
  const LayerConfig& layer = config_.layers[index];
  const int64_t dim = config_.head_dim(), hidden = config_.hidden_size;
  const auto scale = static_cast<float>(std::numbers::log2e / std::sqrt(static_cast<double>(dim)));
  const bool rotates = config_.position_kind == PositionKind::kRope;
  Matrix out(batch.tokens(), hidden);
  const RopeTable table =
      rotates ? make_rope_table(dim, layer.rope_theta, 1 + *std::ranges::max_element(batch.positions))
              : RopeTable();
  const auto head_rows = [&](int32_t b, int64_t column, float factor, bool rotate) {
    Matrix rows = copy_of(qkv.view().slice_rows(batch.begin(b), batch.length(b)).slice_cols(column, dim));
    for (int64_t r = 0; r < rows.rows(); ++r) {
      const auto half = static_cast<size_t>(dim / 2);
      const size_t angle =
          rotate ? static_cast<size_t>(batch.positions[static_cast<size_t>(batch.begin(b) + r)]) * half : 0;
      if (rotate) {
        ref::rope_rotate(copy_of(rows.view().slice_rows(r, 1)).row(0),
                         std::span(table.cos).subspan(angle, half), std::span(table.sin).subspan(angle, half),
                         factor, rows.row(r));
      } else {
        for (float& value : rows.row(r)) value *= factor;
      }
    }
    return rows;
  };
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < config_.num_attention_heads; ++h) {
      const Matrix q = head_rows(b, h * dim, scale, rotates);
      const Matrix k = head_rows(b, hidden + h * dim, 1.0f, rotates);
      const Matrix v = head_rows(b, 2 * hidden + h * dim, 1.0f, false);
      const AttentionHead head{q.view(), k.view(), v.view(), batch.visible_length(b), layer.window};
      ref::attention(head, out.view().slice_rows(batch.begin(b), batch.length(b)).slice_cols(h * dim, dim));
    }
  }
  return out;
}

Matrix RefEncoder::feed_forward(const LayerParams& layer, MatView<const float> input) const {
  const Matrix wide = apply(layer.mlp_in, input);
  Matrix inner(input.rows, config_.intermediate_size);
  const auto size = static_cast<size_t>(config_.intermediate_size);
  for (int64_t r = 0; r < input.rows; ++r) {
    const std::span<const float> row = wide.row(r);
    if (config_.mlp_kind == MlpKind::kGlu) {
      ref::gated_activation(config_.hidden_activation, row.first(size), row.subspan(size), inner.row(r));
    } else {
      ref::apply_activation(config_.hidden_activation, row, inner.row(r));
    }
  }
  return apply(layer.mlp_out, inner.view());
}

void RefEncoder::run_layer(size_t index, const TokenBatch& batch, Matrix& x) const {
  const LayerParams& layer = layers_[index];
  const bool pre = config_.norm_placement == NormPlacement::kPre;
  Matrix input = copy_of(x.view());
  if (pre && layer.attn_norm) normalize(*layer.attn_norm, x.view(), input.view());
  add(apply(layer.attn_out, attention(index, batch, apply(layer.qkv, input.view())).view()), x);
  if (!pre) normalize(*layer.attn_norm, x.view(), x.view());
  input = copy_of(x.view());
  if (pre) normalize(layer.mlp_norm, x.view(), input.view());
  add(feed_forward(layer, input.view()), x);
  if (!pre) normalize(layer.mlp_norm, x.view(), x.view());
}

void RefEncoder::forward(const TokenBatch& batch, Workspace&, MatView<float> hidden,
                         LayerObserver* observer) const {
  Matrix x(batch.tokens(), config_.hidden_size);
  embedding_.lookup(batch, 0, x.view());
  normalize(embedding_.norm(), x.view(), x.view());
  if (observer != nullptr) observer->on_hidden(0, x.view());
  for (size_t i = 0; i < layers_.size(); ++i) {
    run_layer(i, batch, x);
    if (observer != nullptr) observer->on_hidden(static_cast<int>(i) + 1, x.view());
  }
  if (final_norm_) normalize(*final_norm_, x.view(), x.view());
  for (int64_t r = 0; r < x.rows(); ++r) std::ranges::copy(x.row(r), hidden.row(r).begin());
}

}  // namespace modernbert
