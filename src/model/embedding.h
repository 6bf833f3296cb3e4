// The rows that enter the first layer: token (+ position, + type) embeddings and their norm.
#pragma once

#include <optional>
#include <utility>

#include "model/checkpoint.h"
#include "modernbert/token_batch.h"
#include "tensor/matrix.h"

namespace modernbert {

class Embedding {
 public:
  explicit Embedding(EmbeddingTables tables) : tables_(std::move(tables)) {}
  // x: [rows,H], overwritten with rows [begin, begin + rows) of the batch, before the norm.
  void lookup(const TokenBatch& batch, int64_t begin, MatView<float> x) const;
  const std::optional<NormParams>& norm() const { return tables_.norm; }

 private:
  EmbeddingTables tables_;
};

}  // namespace modernbert
