// What a model of a given shape costs: parameters, floating-point operations, memory. Pure functions of the
// config. FLOPs count a multiply and an add as two, over real tokens only (nothing is padded), and attention
// only where a query sees a key; norms, activations and softmax (below 1 %) are left out.
#pragma once

#include <cstdint>

#include "model/head_kind.h"
#include "modernbert/config.h"
#include "modernbert/token_batch.h"

namespace modernbert {

struct ParameterCounts {
  int64_t embeddings = 0;  // tables and the norm behind them
  int64_t encoder = 0;     // layers and final norm
  int64_t head = 0;        // a tied decoder counts with the embeddings only
  int64_t total() const { return embeddings + encoder + head; }
};
ParameterCounts count_parameters(const EncoderConfig& config, HeadKind head);

// Parameters of the encoder's matrices: each costs one multiply-add per token.
int64_t matrix_parameters(const EncoderConfig& config);

// (query, key) pairs that see each other in a sequence of `length` tokens.   window: LayerConfig::window.
int64_t visible_pairs(int64_t length, int32_t window);

// Of a forward pass, the part in the layers' matrices.
double gemm_flops(const EncoderConfig& config, int64_t tokens);

// One forward pass of the encoder, without head, over one sequence and over a batch.
double forward_flops(const EncoderConfig& config, int64_t length);
double forward_flops(const EncoderConfig& config, const TokenBatch& batch);

// What the encoder has computed so far.
struct WorkDone {
  int64_t tokens = 0;
  double gemm_flops = 0;
  double attention_flops = 0;
  double seconds = 0;  // inside forward passes; of concurrent ones, the sum
  double flops() const { return gemm_flops + attention_flops; }
};

// What one forward pass over one sequence of `tokens` holds at its peak beside the weights, all in fp32: the
// residual stream, query, key, value, attention output and the result. The MLP's inner rows exist a tile at a
// time; tiles, padding and other scratch are not counted.
int64_t activation_bytes(const EncoderConfig& config, int64_t tokens);

}  // namespace modernbert
