#include "model/cpu_encoder.h"

#include <omp.h>

#include <algorithm>

#include "core/parallel_for.h"
#include "ops/linear/tile_division.h"
#include "tensor/slab.h"

namespace modernbert {
namespace {

// Calls f(tile) for every tile of the batch; called by each thread of the team, ends with a barrier.
template <class F>
void for_each_tile(const TileDivision& division, MatView<float> x, CpuWorkspace& workspace, F f) {
  const auto run = [&](Range rows, int buffers, Share share) {
    f(Tile{rows.begin, x.slice_rows(rows.begin, rows.size()),
           workspace.threads[static_cast<size_t>(buffers)].tile, share});
  };
  if (division.has_teams()) {
    const TileDivision::Part part = division.part_of(omp_get_thread_num());
    run(part.rows, part.leader, part.share);
    part.share.wait();
    return;
  }
  const int64_t size = division.tile_rows(), count = (x.rows + size - 1) / size;
#pragma omp for schedule(dynamic)
  for (int64_t i = 0; i < count; ++i)
    run({i * size, std::min(x.rows, (i + 1) * size)}, omp_get_thread_num(), {});
}

}  // namespace

CpuEncoder::CpuEncoder(const EncoderConfig& config, const Weights& weights, const GemmPlan& plan, int threads)
    : config_(config), plan_(plan), threads_(threads), embedding_(Checkpoint(config, weights).embeddings()) {
  const Checkpoint checkpoint(config, weights);
  pack_layers(checkpoint);
  final_norm_ = checkpoint.final_norm();
}

void CpuEncoder::pack_layers(const Checkpoint& checkpoint) {
  layers_.resize(static_cast<size_t>(config_.num_hidden_layers));
  parallel_for(layers_.size(), threads_, [&](size_t i) {
    const auto index = static_cast<int>(i);
    layers_[i] = std::make_unique<CpuLayer>(checkpoint.layer(index), config_, index, plan_);
    checkpoint.release_layer(index);
  });
  return_freed_memory();
  for (size_t i = 0; i + 1 < layers_.size(); ++i) layers_[i]->set_next(*layers_[i + 1]);
}

std::unique_ptr<Workspace> CpuEncoder::make_workspace() const {
  return std::make_unique<CpuWorkspace>(config_, plan_.attention_type(), threads_);
}

size_t CpuEncoder::packed_bytes() const {
  size_t bytes = 0;
  for (const auto& layer : layers_) bytes += layer->packed_bytes();
  return bytes;
}

void CpuEncoder::prepare(const TokenBatch& batch, CpuWorkspace& workspace) const {
  const size_t count = static_cast<size_t>(batch.tokens()) * static_cast<size_t>(config_.hidden_size);
  workspace.x.reserve(count + static_cast<size_t>(RowBuffer::kSpareRows * config_.hidden_size));
  workspace.context.resize(batch.tokens());
  workspace.layout->prepare(batch);
  for (CpuThreadScratch& thread : workspace.threads) {
    for (const auto& layer : layers_) layer->reserve(thread.tile);
  }
  for (auto& entry : workspace.items) entry.second.clear();
  const int64_t positions = 1 + *std::ranges::max_element(batch.positions);
  for (const auto& layer : layers_) {
    auto& items = workspace.items[layer->window()];
    if (items.empty()) workspace.layout->list_items(batch, layer->window(), threads_, items);
    if (!layer->rotates()) continue;
    auto& table = workspace.rope_tables[layer->rope_key()];
    if (!table || table->positions() < positions) table = rope_tables_.get(layer->rope_key(), positions);
  }
}

void CpuEncoder::embed_tile(const TokenBatch& batch, const Tile& tile) const {
  const Range part = tile.share.of(tile.x.rows);
  const MatView<float> rows = tile.x.slice_rows(part.begin, part.size());
  embedding_.lookup(batch, tile.begin + part.begin, rows);
  if (embedding_.norm()) normalize(embedding_.norm()->rows(), rows, rows);
  tile.share.wait();
}

void CpuEncoder::normalize_output(const Tile& tile, MatView<float> hidden) const {
  const Range part = tile.share.of(tile.x.rows);
  const MatView<float> from = tile.x.slice_rows(part.begin, part.size());
  const MatView<float> to = hidden.slice_rows(tile.begin + part.begin, part.size());
  if (final_norm_) return normalize(final_norm_->rows(), from, to);
  for (int64_t r = 0; r < from.rows; ++r) std::ranges::copy(from.row(r), to.row(r).begin());
}

// A large batch is run in parts: more tokens at once would need more memory and gain nothing.
void CpuEncoder::forward(const TokenBatch& batch, Workspace& workspace, MatView<float> hidden,
                         LayerObserver* observer) const {
  const int64_t limit = std::max<int64_t>(4096, int64_t{1024} * threads_);
  if (observer != nullptr || batch.tokens() <= limit) return forward_part(batch, workspace, hidden, observer);
  for (int32_t first = 0, last; first < batch.sequences(); first = last) {
    for (last = first + 1; last < batch.sequences() && batch.begin(last + 1) - batch.begin(first) <= limit;)
      ++last;
    const TokenBatch part = slice_sequences(batch, first, last);
    forward_part(part, workspace, hidden.slice_rows(batch.begin(first), part.tokens()), nullptr);
  }
}

void CpuEncoder::forward_part(const TokenBatch& batch, Workspace& workspace, MatView<float> hidden,
                              LayerObserver* observer) const {
  auto& cpu_workspace = dynamic_cast<CpuWorkspace&>(workspace);
  prepare(batch, cpu_workspace);
#pragma omp parallel num_threads(threads_)
  run_layers(batch, cpu_workspace, cpu_workspace.threads[static_cast<size_t>(omp_get_thread_num())], hidden,
             observer);
}

// Called by every thread of the team; the loops share the work and end with a barrier. Which thread runs a
// tile, a part of it or an item does not change its bits.
void CpuEncoder::run_layers(const TokenBatch& batch, CpuWorkspace& workspace, CpuThreadScratch& scratch,
                            MatView<float> hidden, LayerObserver* observer) const {
  const MatView<float> x(workspace.x.data(), batch.tokens(), config_.hidden_size);
  const TileDivision division(batch.tokens(), omp_get_num_threads(), layers_[0]->products());
  const auto observe = [&](size_t index) {
    if (observer == nullptr) return;
#pragma omp single
    observer->on_hidden(static_cast<int>(index), x);
  };
  scratch.clock.start();
  for_each_tile(division, x, workspace, [&](const Tile& tile) {
    embed_tile(batch, tile);
    scratch.clock.mark(CpuOp::kEmbed);
    layers_[0]->project(batch, tile, workspace, scratch);
  });
  scratch.clock.mark(CpuOp::kWait);
  observe(0);
  for (size_t l = 0; l < layers_.size(); ++l) {
    const auto& items = workspace.items.at(layers_[l]->window());
#pragma omp for schedule(dynamic)
    for (size_t i = 0; i < items.size(); ++i) layers_[l]->attend(batch, items[i], workspace, scratch);
    scratch.clock.mark(CpuOp::kWait);
    for_each_tile(division, x, workspace, [&](const Tile& tile) {
      layers_[l]->finish(workspace.context.view().slice(tile.begin, tile.x.rows), tile, scratch);
      if (l + 1 < layers_.size()) layers_[l + 1]->project(batch, tile, workspace, scratch);
    });
    scratch.clock.mark(CpuOp::kWait);
    observe(l + 1);
  }
  for_each_tile(division, x, workspace, [&](const Tile& tile) { normalize_output(tile, hidden); });
  scratch.clock.mark(CpuOp::kNorm);
}

}  // namespace modernbert
