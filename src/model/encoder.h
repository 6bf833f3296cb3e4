// The interface every backend implements: packed tokens in, hidden states out.
#pragma once

#include <cstdint>
#include <memory>

#include "modernbert/config.h"
#include "modernbert/dtype.h"
#include "modernbert/token_batch.h"
#include "tensor/matrix.h"

namespace modernbert {

// Scratch of one call; reused between calls without allocation once it has seen the largest batch. One thread
// at a time.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

// Sees the residual stream while a forward pass runs (verification, inspection).
class LayerObserver {
 public:
  virtual ~LayerObserver() = default;
  // index 0: after the embeddings; i: after layer i-1 (counted from 0), before the final norm.   x: [T,H],
  // valid during the call.
  virtual void on_hidden(int index, MatView<const float> x) = 0;
};

// Sequences [first, last) as a batch of their own.   last: up to batch.sequences().
TokenBatch slice_sequences(const TokenBatch& batch, int32_t first, int32_t last);

// Immutable after construction; forward may run in many threads at once, each with its own Workspace.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::unique_ptr<Workspace> make_workspace() const = 0;
  // hidden: [T,H], overwritten with the last hidden states (after the final norm, if the model has one).
  // observer: may be null. The batch must be valid (see check_batch).
  virtual void forward(const TokenBatch& batch, Workspace& workspace, MatView<float> hidden,
                       LayerObserver* observer) const = 0;
};

// Error (kInvalidArgument) for ids outside the vocabulary, lengths that contradict each other, too many
// positions for a table.
void check_batch(const TokenBatch& batch, const EncoderConfig& config);

}  // namespace modernbert
