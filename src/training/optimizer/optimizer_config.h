// What an optimiser is told: names and defaults of the ModernBERT recipe.
#pragma once

#include <string_view>

#include "training/optimizer/newton_schulz.h"

namespace modernbert {

enum class OptimizerKind {
  kStableAdamW,  // AdamW whose rate is divided by max(1, RMS of the update) per tensor, and without bias
                 // correction
  kAdamW,
  kMuon,  // momentum made orthogonal, for the matrices of the layers; AdamW for all other tensors
};

// "stableadamw", "adamw" or "muon".   field: what the error (kUnsupported) calls the value.
OptimizerKind parse_optimizer(std::string_view name, std::string_view field);
std::string_view to_string(OptimizerKind kind);

struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kStableAdamW;
  double learning_rate = 8e-4;  // the peak: schedules multiply it
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-6;
  double weight_decay = 1e-5;
  // Decay by (rate / peak rate) * weight_decay a step instead of rate * weight_decay: the peak may change
  // without changing the decay.
  bool decoupled_decay = true;
  double muon_momentum = 0.95;
  // RMS of what Muon adds to a matrix, in learning rates: about that of AdamW's updates, so that one rate
  // suits both.
  double muon_update = 0.2;
  ProductType muon_products = ProductType::kFp32;  // in the iteration that makes a matrix orthogonal
};

}  // namespace modernbert
