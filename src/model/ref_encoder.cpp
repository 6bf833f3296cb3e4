#include "model/ref_encoder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/attention/attention.h"
#include "ops/linear/linear.h"
#include "ops/rowwise/activations.h"

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

// Rotates the first `dim` numbers of a row by its position.
void RefEncoder::rotate(const RopeTable& table, int32_t position, std::span<float> row) const {
  const auto half = static_cast<size_t>(table.half_dim);
  const size_t at = static_cast<size_t>(position) * half;
  for (size_t j = 0; j < half; ++j) {
    const size_t first = config_.rope_interleaved ? 2 * j : j;
    const size_t second = config_.rope_interleaved ? 2 * j + 1 : j + half;
    const double a = row[first], b = row[second], c = table.cos[at + j], s = table.sin[at + j];
    row[first] = static_cast<float>(a * c - b * s);
    row[second] = static_cast<float>(b * c + a * s);
  }
}

// qkv: [T,3H]. Returns the heads' outputs side by side, [T,H].
Matrix RefEncoder::attention(size_t index, const TokenBatch& batch, const Matrix& qkv) const {
  const LayerConfig& layer = config_.layers[index];
  const int64_t dim = config_.head_dim(), hidden = config_.hidden_size;
  const auto scale = static_cast<float>(std::numbers::log2e / std::sqrt(static_cast<double>(dim)));
  const int32_t rotated = config_.rope_dim(layer);
  Matrix out(batch.tokens(), hidden);
  const RopeTable table =
      rotated > 0 ? make_rope_table(rotated, layer.rope_theta, 1 + *std::ranges::max_element(batch.positions))
                  : RopeTable();
  const auto head_rows = [&](int32_t b, int64_t column, float factor, bool is_value) {
    Matrix rows = copy_of(qkv.view().slice_rows(batch.begin(b), batch.length(b)).slice_cols(column, dim));
    for (int64_t r = 0; r < rows.rows(); ++r) {
      if (!is_value && rotated > 0)
        rotate(table, batch.positions[static_cast<size_t>(batch.begin(b) + r)], rows.row(r));
      for (float& value : rows.row(r)) value *= factor;
    }
    return rows;
  };
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    for (int64_t h = 0; h < config_.num_attention_heads; ++h) {
      const Matrix q = head_rows(b, h * dim, scale, false);
      const Matrix k = head_rows(b, hidden + h * dim, 1.0f, false);
      const Matrix v = head_rows(b, 2 * hidden + h * dim, 1.0f, true);
      const AttentionHead head{q.view(), k.view(), v.view(), batch.visible_length(b), layer.window};
      ref::attention(head, out.view().slice_rows(batch.begin(b), batch.length(b)).slice_cols(h * dim, dim));
    }
  }
  return out;
}

Matrix RefEncoder::feed_forward(size_t index, MatView<const float> input) const {
  const LayerParams& layer = layers_[index];
  const Matrix wide = apply(layer.mlp_in, input);
  Matrix inner(input.rows, config_.intermediate_size);
  const auto size = static_cast<size_t>(config_.intermediate_size);
  const ActivationFunction activation(config_.hidden_activation, layer.mlp_slope);
  for (int64_t r = 0; r < input.rows; ++r) {
    const std::span<const float> row = wide.row(r);
    if (config_.layers[index].mlp == MlpKind::kGlu) {
      ref::gated_activation(activation, row.first(size), row.subspan(size), inner.row(r));
    } else {
      ref::apply_activation(activation, row, inner.row(r));
    }
  }
  return apply(layer.mlp_out, inner.view());
}

void RefEncoder::run_layer(size_t index, const TokenBatch& batch, Matrix& x) const {
  const LayerParams& layer = layers_[index];
  const auto normed = [](const std::optional<NormParams>& norm, const Matrix& rows) {
    Matrix result = copy_of(rows.view());
    if (norm) ref::normalize(norm->rows(), rows.view(), result.view());
    return result;
  };
  const auto attend = [&](const Matrix& input) {
    return apply(layer.attn_out, attention(index, batch, apply(layer.qkv, input.view())).view());
  };
  const auto transform = [&](const Matrix& input) { return feed_forward(index, input.view()); };
  switch (config_.layers[index].block) {
    case BlockKind::kPreNorm:
      add(attend(normed(layer.attn_norm, x)), x);
      return add(transform(normed(layer.mlp_norm, x)), x);
    case BlockKind::kPostNorm:
      add(attend(x), x);
      x = normed(layer.attn_norm, x);
      add(transform(x), x);
      x = normed(layer.mlp_norm, x);
      return;
    case BlockKind::kParallel: {
      const Matrix input = normed(layer.attn_norm, x);
      add(attend(input), x);
      return add(transform(input), x);
    }
  }
}

void RefEncoder::forward(const TokenBatch& batch, Workspace&, MatView<float> hidden,
                         LayerObserver* observer) const {
  Matrix x(batch.tokens(), config_.hidden_size);
  embedding_.lookup(batch, 0, x.view());
  if (embedding_.norm()) ref::normalize(embedding_.norm()->rows(), x.view(), x.view());
  if (observer != nullptr) observer->on_hidden(0, x.view());
  for (size_t i = 0; i < layers_.size(); ++i) {
    run_layer(i, batch, x);
    if (observer != nullptr) observer->on_hidden(static_cast<int>(i) + 1, x.view());
  }
  if (final_norm_) ref::normalize(final_norm_->rows(), x.view(), x.view());
  for (int64_t r = 0; r < x.rows(); ++r) std::ranges::copy(x.row(r), hidden.row(r).begin());
}

}  // namespace modernbert
