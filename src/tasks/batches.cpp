#include "tasks/batches.h"

#include <algorithm>

namespace modernbert {
namespace {

// The end of the batch that starts at `first`.
size_t batch_end(std::span<const Sequence> sequences, size_t first) {
  size_t tokens = sequences[first].ids.size();
  size_t end = first + 1;
  while (end < sequences.size() && tokens + sequences[end].ids.size() <= kBatchTokens) {
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
  for (size_t first = 0; first < sequences.size();) {
    const size_t end = batch_end(sequences, first);
    const TokenBatch batch = pack(sequences.subspan(first, end - first));
    visit(batch, encoder.forward(batch), first);
    first = end;
  }
}

}  // namespace modernbert
