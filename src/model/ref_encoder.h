// The encoder written out with the reference ops, one sequence at a time: slow, short, and what the others
// are checked against (`--backend ref`).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "model/checkpoint.h"
#include "model/embedding.h"
#include "model/encoder.h"
#include "ops/attention/rope.h"

namespace modernbert {

class RefEncoder final : public Encoder {
 public:
  // config: outlives the encoder.
  RefEncoder(const EncoderConfig& config, const Weights& weights);

  std::unique_ptr<Workspace> make_workspace() const override { return std::make_unique<Workspace>(); }
  void forward(const TokenBatch& batch, Workspace& workspace, MatView<float> hidden,
               LayerObserver* observer) const override;

 private:
  void run_layer(size_t index, const TokenBatch& batch, Matrix& x) const;
  Matrix attention(size_t index, const TokenBatch& batch, const Matrix& qkv) const;
  void rotate(const RopeTable& table, int32_t position, std::span<float> row) const;
  Matrix feed_forward(size_t index, MatView<const float> input) const;

  const EncoderConfig& config_;
  Embedding embedding_;
  std::vector<LayerParams> layers_;
  std::optional<NormParams> final_norm_;
};

}  // namespace modernbert
