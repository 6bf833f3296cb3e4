// Any number of token sequences through the encoder, in packed batches of bounded size.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "modernbert/token_batch.h"
#include "tasks/model_impl.h"
#include "tensor/matrix.h"

namespace modernbert {

// Large enough to keep every core busy, small enough that activations stay modest: [16384, H] floats.
constexpr int32_t kBatchTokens = 16384;

// Borrowed arrays of one sequence.   type_ids: same length as ids, or empty = all 0.
struct Sequence {
  std::span<const int32_t> ids;
  std::span<const int32_t> type_ids;
  int32_t visible = 0;  // leading tokens that are seen as keys; 0 = all
};

Sequence as_sequence(const Encoding& encoding, const Model::Impl& model);

// hidden: [T,H] of the batch, whose sequences are first, first+1, … of run_batches' argument.
using BatchVisitor = std::function<void(const TokenBatch& batch, Matrix hidden, size_t first)>;

// Batches hold consecutive sequences up to kBatchTokens tokens, about equally many in each; a longer sequence
// makes a batch of its own.
// Nothing is sorted: packed batches need no padding, and a sequence's result does not depend on its batch.
void run_batches(const LoadedEncoder& encoder, std::span<const Sequence> sequences,
                 const BatchVisitor& visit);

}  // namespace modernbert
