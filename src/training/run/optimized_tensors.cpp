#include "training/run/optimized_tensors.h"

#include <algorithm>

#include "model/cost.h"

namespace modernbert {
namespace {

bool is_layer_matrix(const ParameterInfo& info) {
  return info.name.find("layers.") != std::string::npos && info.shape.size() == 2;
}

int64_t muon_parts(const std::string& name) {
  if (name.ends_with("attn.Wqkv.weight")) return 3;
  if (name.ends_with("mlp.Wi.weight")) return 2;
  return 1;
}

}  // namespace

std::vector<OptimizedTensor> optimized_tensors(const ParameterLayout& layout, OptimizerKind kind) {
  std::vector<OptimizedTensor> tensors;
  for (const ParameterInfo& info : layout.parameters()) {
    const bool orthogonal = kind == OptimizerKind::kMuon && is_layer_matrix(info);
    const int64_t parts = orthogonal ? muon_parts(info.name) : 1, size = info.size / parts;
    for (int64_t part = 0; part < parts; ++part)
      tensors.push_back({info.offset + part * size, size, info.shape[0] / parts, info.decays(), orthogonal});
  }
  return tensors;
}

double training_flops(const EncoderConfig& config, const MaskedLmBatch& batch) {
  const auto labels =
      std::ranges::count_if(batch.labels, [](int32_t label) { return label != kNotPredicted; });
  const double per_label =
      2.0 * config.hidden_size * (static_cast<double>(config.hidden_size) + config.vocab_size);
  return 3 * (forward_flops(config, batch.tokens) + static_cast<double>(labels) * per_label);
}

}  // namespace modernbert
