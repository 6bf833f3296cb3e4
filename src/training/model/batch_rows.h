// What the passes of a model need to know of a batch's rows.
#pragma once

#include <vector>

#include "core/random.h"
#include "modernbert/token_batch.h"
#include "training/model/parallel_rows.h"

namespace modernbert {

// A document's draws depend on its content, not on where it was packed.
inline uint64_t sequence_key(const TokenBatch& batch, int32_t sequence) {
  uint64_t key = static_cast<uint64_t>(batch.length(sequence));
  for (int32_t t = batch.begin(sequence); t < batch.begin(sequence) + batch.length(sequence); ++t)
    key = random_hash(key, static_cast<uint64_t>(batch.ids[static_cast<size_t>(t)]));
  return key;
}

struct BatchRows {
  explicit BatchRows(const TokenBatch& tokens)
      : batch(tokens), count(tokens.tokens()), padded(padded_rows(count)) {
    for (int32_t b = 0; b < tokens.sequences(); ++b) {
      sequence_keys.push_back(sequence_key(tokens, b));
      for (int32_t i = 0; i < tokens.length(b); ++i)
        row_keys.push_back(random_hash(sequence_keys.back(), static_cast<uint64_t>(i)));
    }
  }
  const TokenBatch& batch;
  int64_t count;                        // T
  int64_t padded;                       // rows of buffers
  std::vector<uint64_t> sequence_keys;  // [B]
  std::vector<uint64_t> row_keys;       // [T] rows of dropout draws
};

}  // namespace modernbert
