#include "tasks/batches.h"

#include <algorithm>

namespace modernbert {
namespace {

// The end of the batch that starts at `first`.   tokens_left: of it and all sequences after it, which are
// spread evenly: a small rest would run on few cores.
size_t batch_end(std::span<const Sequence> sequences, size_t first, size_t tokens_left) {
  const size_t batches = std::max<size_t>(1, (tokens_left + kBatchTokens - 1) / kBatchTokens);
  const size_t share = (tokens_left + batches - 1) / batches;
  size_t tokens = sequences[first].ids.size();
  size_t end = first + 1;
  while (end < sequences.size() && tokens < share && tokens + sequences[end].ids.size() <= kBatchTokens) {
    tokens += sequences[end].ids.size();
    ++end;
  }
  return end;
}

TokenBatch pack(std::span<const Sequence> sequences) {
  TokenBatch batch;
  for (const Sequence& sequence : sequences) batch.add(sequence.ids, sequence.type_ids);
  const bool partly_hidden =
      std::any_of(sequences.begin(), sequences.end(), [](const Sequence& s) { return s.visible > 0; });
  if (partly_hidden) {
    for (const Sequence& s : sequences) {
      batch.visible.push_back(s.visible > 0 ? s.visible : static_cast<int32_t>(s.ids.size()));
    }
  }
  return batch;
}

}  // namespace

Sequence as_sequence(const Encoding& encoding, const Model::Impl& model) {
  Sequence sequence{.ids = encoding.ids};
  if (model.uses_type_ids) sequence.type_ids = encoding.type_ids;
  return sequence;
}

void run_batches(const LoadedEncoder& encoder, std::span<const Sequence> sequences,
                 const BatchVisitor& visit) {
  size_t tokens_left = 0;
  for (const Sequence& sequence : sequences) tokens_left += sequence.ids.size();
  for (size_t first = 0; first < sequences.size();) {
    const size_t end = batch_end(sequences, first, tokens_left);
    const TokenBatch batch = pack(sequences.subspan(first, end - first));
    tokens_left -= static_cast<size_t>(batch.tokens());
    visit(batch, encoder.forward(batch), first);
    first = end;
  }
}

}  // namespace modernbert
