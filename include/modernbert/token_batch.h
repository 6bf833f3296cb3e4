// The only batch form there is: sequences one after another, never padded.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace modernbert {

// T tokens in B sequences; sequence b is rows [cu_seqlens[b], cu_seqlens[b+1]).
//
//   TokenBatch batch;
//   batch.add(encoding.ids);
struct TokenBatch {
  std::vector<int32_t> ids;               // [T]
  std::vector<int32_t> positions;         // [T] 0,1,2,… in each sequence unless the caller says otherwise
  std::vector<int32_t> type_ids;          // [T], or empty = all 0
  std::vector<int32_t> cu_seqlens = {0};  // [B+1]
  std::vector<int32_t>
      visible;             // [B], or empty = all: only the first visible[b] tokens of b are seen as keys
  int32_t max_seqlen = 0;  // longest sequence so far

  int32_t tokens() const { return static_cast<int32_t>(ids.size()); }
  int32_t sequences() const { return static_cast<int32_t>(cu_seqlens.size()) - 1; }
  int32_t begin(int32_t b) const { return cu_seqlens[b]; }
  int32_t length(int32_t b) const { return cu_seqlens[b + 1] - cu_seqlens[b]; }
  int32_t visible_length(int32_t b) const { return visible.empty() ? length(b) : visible[b]; }

  // Appends a sequence; type_ids: same length, or empty = all 0. An empty sequence is an error
  // (kInvalidArgument).
  void add(std::span<const int32_t> sequence, std::span<const int32_t> sequence_type_ids = {});
};

}  // namespace modernbert
