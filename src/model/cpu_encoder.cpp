#include "model/cpu_encoder.h"

#include <omp.h>

#include <algorithm>

#include "core/parallel_for.h"
#include "tensor/slab.h"

namespace modernbert {
namespace {

// The tokens of a batch in tiles of equal size. So few that one tile holds them are shared by the team, which
// splits the columns of each product: every thread then reads its own part of the weights, once.
class Tiling {
 public:
  Tiling(int64_t tokens, int threads, int64_t max_rows, int64_t row_group)
      : tokens_(tokens),
        is_shared_(threads > 1 && tokens <= max_rows),
        rows_(is_shared_ ? tokens : even_tile_rows(tokens, threads, max_rows, row_group)) {}

  // Calls f(tile) for every tile; called by each thread of the team, ends with a barrier.
  template <class F>
  void for_each(MatView<float> x, CpuWorkspace& workspace, F f) const {
    const auto thread = static_cast<size_t>(omp_get_thread_num());
    if (is_shared_) {
      const Share share{omp_get_thread_num(), omp_get_num_threads()};
      f(Tile{0, x, workspace.threads[0].tile, share});
      share.wait();
      return;
    }
    const int64_t count = (tokens_ + rows_ - 1) / rows_;
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < count; ++i) {
      const int64_t begin = i * rows_;
      f(Tile{
          begin, x.slice_rows(begin, std::min(rows_, tokens_ - begin)), workspace.threads[thread].tile, {}});
    }
  }

 private:
  int64_t tokens_;
  bool is_shared_;
  int64_t rows_;  // per tile; the last one may be shorter
};

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
  const Tiling tiling(batch.tokens(), omp_get_num_threads(), layers_[0]->max_tile_rows(),
                      layers_[0]->row_group());
  const auto observe = [&](size_t index) {
    if (observer == nullptr) return;
#pragma omp single
    observer->on_hidden(static_cast<int>(index), x);
  };
  scratch.clock.start();
  tiling.for_each(x, workspace, [&](const Tile& tile) {
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
    tiling.for_each(x, workspace, [&](const Tile& tile) {
      layers_[l]->finish(workspace.context.view().slice(tile.begin, tile.x.rows), tile, scratch);
      if (l + 1 < layers_.size()) layers_[l + 1]->project(batch, tile, workspace, scratch);
    });
    scratch.clock.mark(CpuOp::kWait);
    observe(l + 1);
  }
  tiling.for_each(x, workspace, [&](const Tile& tile) { normalize_output(tile, hidden); });
  scratch.clock.mark(CpuOp::kNorm);
}

}  // namespace modernbert
