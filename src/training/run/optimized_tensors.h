// A model's tensors as the optimiser sees them, and what a training step computes.
#pragma once

#include <vector>

#include "corpus/masked_lm_batch.h"
#include "modernbert/config.h"
#include "training/optimizer/optimizer.h"
#include "training/parameters.h"

namespace modernbert {

// One entry a tensor. For Muon the matrices of the layers are to be made orthogonal, queries, keys and values
// and the halves of a GLU each for themselves: those are several entries.
std::vector<OptimizedTensor> optimized_tensors(const ParameterLayout& layout, OptimizerKind kind);

// Floating-point operations of a forward and a backward pass: three times the forward ones, the head on the
// predicted rows only.
double training_flops(const EncoderConfig& config, const MaskedLmBatch& batch);

}  // namespace modernbert
