#include "modernbert/token_batch.h"

#include <algorithm>

#include "core/fail.h"

namespace modernbert {

void TokenBatch::add(std::span<const int32_t> sequence, std::span<const int32_t> sequence_type_ids) {
  if (sequence.empty()) fail(ErrorCode::kInvalidArgument, "token batch: an empty sequence");
  if (!sequence_type_ids.empty() && sequence_type_ids.size() != sequence.size()) {
    fail(ErrorCode::kInvalidArgument, "token batch: {} type ids for {} tokens", sequence_type_ids.size(),
         sequence.size());
  }
  if (!sequence_type_ids.empty() || !type_ids.empty()) {
    type_ids.resize(ids.size());  // earlier sequences without types are all 0
    type_ids.insert(type_ids.end(), sequence_type_ids.begin(), sequence_type_ids.end());
    type_ids.resize(ids.size() + sequence.size());
  }
  ids.insert(ids.end(), sequence.begin(), sequence.end());
  for (int32_t i = 0; i < static_cast<int32_t>(sequence.size()); ++i) positions.push_back(i);
  cu_seqlens.push_back(tokens());
  if (!visible.empty()) visible.push_back(static_cast<int32_t>(sequence.size()));
  max_seqlen = std::max(max_seqlen, static_cast<int32_t>(sequence.size()));
}

}  // namespace modernbert
