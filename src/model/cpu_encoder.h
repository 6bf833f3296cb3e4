// The encoder on CPUs. A layer is two parallel phases: attention over blocks of queries, then the rest of the
// layer and the next layer's projections over tiles of tokens, whose activations stay in the cache.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "model/cpu_layer.h"
#include "model/embedding.h"
#include "model/encoder.h"
#include "model/rope_tables.h"

namespace modernbert {

class CpuEncoder final : public Encoder {
 public:
  // config: outlives the encoder.   threads: team size of a forward pass.
  CpuEncoder(const EncoderConfig& config, const Weights& weights, const GemmPlan& plan, int threads);

  size_t packed_bytes() const;
  std::unique_ptr<Workspace> make_workspace() const override;
  void forward(const TokenBatch& batch, Workspace& workspace, MatView<float> hidden,
               LayerObserver* observer) const override;

 private:
  void pack_layers(const Checkpoint& checkpoint);
  void forward_part(const TokenBatch& batch, Workspace& workspace, MatView<float> hidden,
                    LayerObserver* observer) const;
  void prepare(const TokenBatch& batch, CpuWorkspace& workspace) const;
  void embed_tile(const TokenBatch& batch, const Tile& tile) const;
  void normalize_output(const Tile& tile, MatView<float> hidden) const;
  void run_layers(const TokenBatch& batch, CpuWorkspace& workspace, CpuThreadScratch& scratch,
                  MatView<float> hidden, LayerObserver* observer) const;

  const EncoderConfig& config_;
  GemmPlan plan_;
  int threads_;
  Embedding embedding_;
  std::vector<std::unique_ptr<CpuLayer>> layers_;
  std::optional<NormParams> final_norm_;
  RopeTables rope_tables_;
};

}  // namespace modernbert
