#include "model/cpu_encoder.h"

#include <omp.h>

#include <algorithm>

#include "ops/layer_norm.h"

namespace modernbert {
namespace {

// The tokens of a batch in tiles of equal size.
struct Tiling {
  int64_t tokens;
  int64_t rows;  // per tile; the last one may be shorter
  int64_t count() const { return (tokens + rows - 1) / rows; }
  int64_t begin(int64_t tile) const { return tile * rows; }
  MatView<float> slice(MatView<float> all, int64_t tile) const {
    return all.slice_rows(begin(tile), std::min(rows, tokens - begin(tile)));
  }
};

}  // namespace

CpuEncoder::CpuEncoder(const EncoderConfig& config, const Weights& weights, GemmType gemm, int threads)
    : config_(config),
      uses_bf16_(gemm == GemmType::kBf16),
      threads_(threads),
      embedding_(Checkpoint(config, weights).embeddings()),
      rope_tables_(config.head_dim()) {
  const Checkpoint checkpoint(config, weights);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    layers_.push_back(std::make_unique<CpuLayer>(checkpoint.layer(i), config, i, gemm));
  }
  final_norm_ = checkpoint.final_norm();
}

std::unique_ptr<Workspace> CpuEncoder::make_workspace() const {
  return std::make_unique<CpuWorkspace>(config_, uses_bf16_, threads_);
}

void CpuEncoder::prepare(const TokenBatch& batch, CpuWorkspace& workspace) const {
  const size_t count = static_cast<size_t>(batch.tokens()) * static_cast<size_t>(config_.hidden_size);
  workspace.x.reserve(count);
  workspace.context.reserve(count);
  workspace.layout.prepare(batch);
  for (auto& entry : workspace.items) entry.second.clear();
  const int64_t positions = 1 + *std::ranges::max_element(batch.positions);
  for (const auto& layer : layers_) {
    auto& items = workspace.items[layer->window()];
    if (items.empty()) workspace.layout.list_items(batch, layer->window(), items);
    if (config_.position_kind != PositionKind::kRope) continue;
    auto& table = workspace.rope_tables[layer->rope_theta()];
    if (!table || table->positions() < positions) table = rope_tables_.get(layer->rope_theta(), positions);
  }
}

void CpuEncoder::embed_tile(const TokenBatch& batch, int64_t begin, MatView<float> x) const {
  embedding_.lookup(batch, begin, x);
  layer_norm(x, embedding_.norm().weight, embedding_.norm().bias, static_cast<float>(config_.norm_eps), x);
}

void CpuEncoder::forward(const TokenBatch& batch, Workspace& workspace, MatView<float> hidden,
                         LayerObserver* observer) const {
  auto& cpu_workspace = dynamic_cast<CpuWorkspace&>(workspace);
  prepare(batch, cpu_workspace);
#pragma omp parallel num_threads(threads_)
  run_layers(batch, cpu_workspace, cpu_workspace.threads[static_cast<size_t>(omp_get_thread_num())], hidden,
             observer);
}

// Called by every thread of the team; the `omp for` loops share the work and end with a barrier. Which thread
// runs a tile or an item does not change its bits.
void CpuEncoder::run_layers(const TokenBatch& batch, CpuWorkspace& workspace, CpuThreadScratch& scratch,
                            MatView<float> hidden, LayerObserver* observer) const {
  const MatView<float> x(workspace.x.data(), batch.tokens(), config_.hidden_size);
  const MatView<float> context(workspace.context.data(), batch.tokens(), config_.hidden_size);
  const Tiling tiling{batch.tokens(), even_tile_rows(batch.tokens(), threads_, layers_[0]->max_tile_rows())};
  const auto observe = [&](size_t index) {
    if (observer == nullptr) return;
#pragma omp single
    observer->on_hidden(static_cast<int>(index), x);
  };
#pragma omp for schedule(dynamic)
  for (int64_t tile = 0; tile < tiling.count(); ++tile) {
    embed_tile(batch, tiling.begin(tile), tiling.slice(x, tile));
    layers_[0]->project(batch, tiling.begin(tile), tiling.slice(x, tile), workspace, scratch);
  }
  observe(0);
  for (size_t l = 0; l < layers_.size(); ++l) {
    const auto& items = workspace.items.at(layers_[l]->window());
#pragma omp for schedule(dynamic)
    for (size_t i = 0; i < items.size(); ++i) layers_[l]->attend(batch, items[i], workspace, scratch);
#pragma omp for schedule(dynamic)
    for (int64_t tile = 0; tile < tiling.count(); ++tile) {
      layers_[l]->finish(tiling.slice(context, tile), tiling.slice(x, tile), scratch);
      if (l + 1 < layers_.size())
        layers_[l + 1]->project(batch, tiling.begin(tile), tiling.slice(x, tile), workspace, scratch);
    }
    observe(l + 1);
  }
#pragma omp for schedule(static)
  for (int64_t tile = 0; tile < tiling.count(); ++tile) {
    const MatView<float> from = tiling.slice(x, tile), to = tiling.slice(hidden, tile);
    if (final_norm_) {
      layer_norm(from, final_norm_->weight, final_norm_->bias, static_cast<float>(config_.norm_eps), to);
    } else {
      for (int64_t r = 0; r < from.rows; ++r) std::ranges::copy(from.row(r), to.row(r).begin());
    }
  }
}

}  // namespace modernbert
