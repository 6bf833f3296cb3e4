#pragma once

#include "modernbert/dtype.h"
#include "ops/rowwise/cross_entropy.h"

namespace modernbert {

// How a model is trained, beyond its config.
struct TrainingOptions {
  ComputeType dtype =
      ComputeType::kAuto;  // of products and kept activations: fp32 or bf16; weights are always fp32
  int threads = 0;         // 0 = all cores
  bool recompute = false;  // keep only what enters each layer, and run the layer again in the backward pass

  // Dropout rates in [0,1).
  double embedding_dropout = 0;   // after the embeddings' norm
  double attention_dropout = 0;   // attention weights
  double attn_out_dropout = 0;    // after Wo
  double mlp_dropout = 0;         // in front of the MLP's Wo
  double classifier_dropout = 0;  // in front of the classifier

  CrossEntropyOptions loss;  // of the masked-language-model head
};

}  // namespace modernbert
