#include "model/cpu_layer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "model/row_order.h"
#include "ops/rowwise/activations.h"

namespace modernbert {
namespace {

std::unique_ptr<Linear> pack(GemmType gemm, const LinearParams& params, int64_t group = 1) {
  return make_linear(gemm, params.weight.view(), params.bias, group);
}

std::unique_ptr<Linear> pack_mlp_in(GemmType gemm, const LinearParams& params, MlpKind kind) {
  return kind == MlpKind::kGlu ? pack(gemm, interleave_gates(params), kGateGroup) : pack(gemm, params);
}

// The rows in the type that the product takes: as they are, or converted into the buffer of that type.
RowsView in_type_of(const Linear& linear, const RowsView& rows, std::array<RowBuffer, 3>& buffers,
                    const Share& share, CpuThreadScratch& scratch) {
  if (rows.type == linear.row_type()) return rows;
  RowBuffer& converted = TileBuffers::of(buffers, linear.row_type());
  const Range part = share.of(rows.rows);
  convert_rows(rows, part.begin, part.end, converted);
  share.wait();
  scratch.clock.mark(CpuOp::kConvert);
  return converted.view().slice(0, rows.rows);
}

// Tells the coming product what this thread multiplies by after it.   next: null = unknown.
void announce(const Linear* next, const Share& share, CpuThreadScratch& scratch) {
  const void* weights = next == nullptr ? nullptr : next->weights_from(share.of(next->groups()).begin);
  scratch.linear.set_next_weights(weights);
}

void multiply(const Linear& linear, const Linear* next, const RowsView& rows, const Share& share,
              CpuThreadScratch& scratch, TileEpilogue epilogue) {
  announce(next, share, scratch);
  linear.run_tile(rows, share.of(linear.groups()), scratch.linear, epilogue);
}

// tile.x += the product; complete for the whole team on return.
void add_product(const Linear& linear, const Linear* next, const RowsView& rows, const Tile& tile,
                 CpuThreadScratch& scratch) {
  announce(next, tile.share, scratch);
  linear.add_tile(rows, tile.share.of(linear.groups()), scratch.linear, tile.x);
  tile.share.wait();
}

}  // namespace

CpuLayer::CpuLayer(LayerParams params, const EncoderConfig& config, int index, const GemmPlan& plan)
    : config_(config),
      layer_(config.layers[static_cast<size_t>(index)]),
      query_scale_(
          static_cast<float>(std::numbers::log2e / std::sqrt(static_cast<double>(config.head_dim())))),
      activation_(config.hidden_activation, params.mlp_slope),
      attn_norm_(std::move(params.attn_norm)),
      mlp_norm_(std::move(params.mlp_norm)),
      qkv_(pack(plan.qkv, order_for_rotation(std::move(params.qkv), config, layer_), config.head_dim())),
      attn_out_(pack(plan.attn_out, params.attn_out)),
      mlp_in_(pack_mlp_in(plan.mlp_in, params.mlp_in, layer_.mlp)),
      mlp_out_(pack(plan.mlp_out, params.mlp_out)) {}

std::array<const Linear*, 4> CpuLayer::products() const {
  return {qkv_.get(), attn_out_.get(), mlp_in_.get(), mlp_out_.get()};
}

size_t CpuLayer::packed_bytes() const {
  size_t bytes = 0;
  for (const Linear* product : products()) bytes += product->packed_bytes();
  return bytes;
}

// The MLP's inner rows are made a few columns at a time, and int8 rows only whole.
RowType CpuLayer::inner_type() const {
  return mlp_out_->row_type() == RowType::kInt8 ? RowType::kBf16 : mlp_out_->row_type();
}

void CpuLayer::reserve(TileBuffers& buffers) const {
  const auto size = [](std::array<RowBuffer, 3>& set, RowType type, int64_t cols) {
    RowBuffer& buffer = TileBuffers::of(set, type);
    if (buffer.cols() != cols) buffer = RowBuffer(type, cols);
    buffer.resize(Linear::kMaxTileRows);
  };
  for (const Linear* linear : {qkv_.get(), attn_out_.get(), mlp_in_.get()})
    size(buffers.hidden, linear->row_type(), config_.hidden_size);
  size(buffers.inner, inner_type(), config_.intermediate_size);
  size(buffers.inner, mlp_out_->row_type(), config_.intermediate_size);
}

RowsView CpuLayer::normalized(const Tile& tile, const NormParams& norm, RowType type,
                              CpuThreadScratch& scratch) const {
  RowBuffer& normed = TileBuffers::of(tile.buffers.hidden, type);
  const Range part = tile.share.of(tile.x.rows);
  const MatView<float> x = tile.x.slice_rows(part.begin, part.size());
  switch (type) {
    case RowType::kFp32:
      normalize(norm.rows(), x, normed.floats().slice_rows(part.begin, part.size()));
      break;
    case RowType::kBf16:
      normalize(norm.rows(), x, normed.halves().slice_rows(part.begin, part.size()));
      break;
    case RowType::kInt8:
      scratch.row.resize(static_cast<size_t>(config_.hidden_size));
      for (int64_t r = 0; r < x.rows; ++r) {
        normalize(norm.rows(), x.slice_rows(r, 1),
                  MatView<float>(scratch.row.data(), 1, config_.hidden_size));
        normed.store(part.begin + r, 0, scratch.row);
      }
      break;
  }
  tile.share.wait();
  scratch.clock.mark(CpuOp::kNorm);
  return normed.view().slice(0, tile.x.rows);
}

void CpuLayer::normalize_in_place(const Tile& tile, const NormParams& norm, CpuThreadScratch& scratch) const {
  const Range part = tile.share.of(tile.x.rows);
  const MatView<float> rows = tile.x.slice_rows(part.begin, part.size());
  normalize(norm.rows(), rows, rows);
  tile.share.wait();
  scratch.clock.mark(CpuOp::kNorm);
}

RowsView CpuLayer::input_of(const Linear& linear, const Tile& tile, const NormParams* norm,
                            CpuThreadScratch& scratch) const {
  if (norm != nullptr) return normalized(tile, *norm, linear.row_type(), scratch);
  return in_type_of(linear, rows_of(tile.x), tile.buffers.hidden, tile.share, scratch);
}

void CpuLayer::project(const TokenBatch& batch, const Tile& tile, CpuWorkspace& workspace,
                       CpuThreadScratch& scratch) const {
  const bool post_norm = layer_.block == BlockKind::kPostNorm;
  const RowsView input = input_of(*qkv_, tile, post_norm ? nullptr : attn_norm(), scratch);
  const Rotation rotation{rotates() ? workspace.rope_tables.at(rope_key()).get() : nullptr, batch.positions,
                          query_scale_};
  multiply(*qkv_, attn_out_.get(), input, tile.share, scratch,
           [&](int64_t row, int64_t column, MatView<float> y) {
             store_heads(tile.begin + row, column, y, rotation, *workspace.layout);
           });
  scratch.clock.mark(CpuOp::kQkv);
}

// y: whole heads of [q | k | v], from `column` on, of tokens from `token` on.
void CpuLayer::store_heads(int64_t token, int64_t column, MatView<const float> y, const Rotation& rotation,
                           AttentionLayout& layout) const {
  const int64_t dim = config_.head_dim(), heads = config_.num_attention_heads;
  int64_t index = column / dim;
  for (int64_t c = 0; c < y.cols; c += dim, ++index)
    layout.store(static_cast<QkvPart>(index / heads), index % heads, token, y.slice_cols(c, dim), rotation);
}

void CpuLayer::attend(const TokenBatch& batch, const AttentionItem& item, CpuWorkspace& workspace,
                      CpuThreadScratch& scratch) const {
  workspace.layout->attend(batch, item, layer_.window, scratch.attention, workspace.context);
  scratch.clock.mark(CpuOp::kAttention);
}

void CpuLayer::finish(const RowsView& context, const Tile& tile, CpuThreadScratch& scratch) const {
  switch (layer_.block) {
    case BlockKind::kPreNorm:
      add_attention(context, tile, scratch);
      return feed_forward(input_of(*mlp_in_, tile, &*mlp_norm_, scratch), tile, scratch);
    case BlockKind::kPostNorm:
      add_attention(context, tile, scratch);
      normalize_in_place(tile, *attn_norm_, scratch);
      feed_forward(input_of(*mlp_in_, tile, nullptr, scratch), tile, scratch);
      return normalize_in_place(tile, *mlp_norm_, scratch);
    case BlockKind::kParallel:
      // First the MLP: it reads what attention has read.
      feed_forward(input_of(*mlp_in_, tile, attn_norm(), scratch), tile, scratch);
      return add_attention(context, tile, scratch);
  }
}

// x += Wo context.
void CpuLayer::add_attention(const RowsView& context, const Tile& tile, CpuThreadScratch& scratch) const {
  const RowsView rows = in_type_of(*attn_out_, context, tile.buffers.hidden, tile.share, scratch);
  add_product(*attn_out_, mlp_in_.get(), rows, tile, scratch);
  scratch.clock.mark(CpuOp::kAttnOut);
}

// y: finished columns of Wi, from `column` on, of rows from `row` on.
void CpuLayer::activate(int64_t row, int64_t column, MatView<const float> y, RowBuffer& inner) const {
  const auto run = [&](auto rows) {
    const auto out = rows.slice_rows(row, y.rows);
    if (layer_.mlp == MlpKind::kMlp) return apply_activation(activation_, y, out.slice_cols(column, y.cols));
    for (int64_t c = 0; c < y.cols; c += kGateGroup) {
      const int64_t half = std::min(kGateGroup, y.cols - c) / 2;
      gated_activation(activation_, y.slice_cols(c, half), y.slice_cols(c + half, half),
                       out.slice_cols((column + c) / 2, half));
    }
  };
  if (inner.type() == RowType::kFp32) return run(inner.floats());
  run(inner.halves());
}

// x += mlp(input).   input may be x itself: it is consumed before x changes.
void CpuLayer::feed_forward(const RowsView& input, const Tile& tile, CpuThreadScratch& scratch) const {
  RowBuffer& inner = TileBuffers::of(tile.buffers.inner, inner_type());
  multiply(*mlp_in_, mlp_out_.get(), input, tile.share, scratch,
           [&](int64_t row, int64_t column, MatView<float> y) { activate(row, column, y, inner); });
  tile.share.wait();
  scratch.clock.mark(CpuOp::kMlpIn);
  const RowsView rows =
      in_type_of(*mlp_out_, inner.view().slice(0, tile.x.rows), tile.buffers.inner, tile.share, scratch);
  add_product(*mlp_out_, next_, rows, tile, scratch);
  scratch.clock.mark(CpuOp::kMlpOut);
}

}  // namespace modernbert
