#include "training/run/optimized_tensors.h"

#include <algorithm>

#include "model/cost.h"

namespace modernbert {
namespace {

bool is_layer_matrix(const ParameterInfo& info) {
  return info.name.find("layers.") != std::string::npos && info.shape.size() == 2;
}

}  // namespace

std::vector<OptimizedTensor> optimized_tensors(const ParameterLayout& layout, OptimizerKind kind) {
  std::vector<OptimizedTensor> tensors;
  for (const ParameterInfo& info : layout.parameters()) {
    const bool orthogonal = kind == OptimizerKind::kMuon && is_layer_matrix(info);
    if (!orthogonal) {
      tensors.push_back({info.offset, info.size, info.shape[0], info.decays(), false});
      continue;
    }
    int64_t row = 0;
    for (const int64_t rows : info.maps) {
      const int64_t cols = info.shape[1];
      tensors.push_back({info.offset + row * cols, rows * cols, rows, info.decays(), true});
      row += rows;
    }
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
