#include <algorithm>

#include "core/fail.h"
#include "model/encoder.h"
#include "modernbert/token_batch.h"

namespace modernbert {
namespace {

void check_range(std::span<const int32_t> values, int32_t end, std::string_view what) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] >= end) {
      fail(ErrorCode::kInvalidArgument, "{} at token {} is {}, want 0 to {}", what, i, values[i], end - 1);
    }
  }
}

void check_lengths(const TokenBatch& batch) {
  const auto same = [&](const std::vector<int32_t>& array) { return array.size() == batch.ids.size(); };
  const bool sizes_agree = same(batch.positions) && (batch.type_ids.empty() || same(batch.type_ids)) &&
                           (batch.visible.empty() || batch.visible.size() + 1 == batch.cu_seqlens.size());
  const bool covers =
      !batch.cu_seqlens.empty() && batch.cu_seqlens.front() == 0 && batch.cu_seqlens.back() == batch.tokens();
  if (!sizes_agree || !covers)
    fail(ErrorCode::kInvalidArgument, "token batch: array lengths contradict each other");
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    if (batch.length(b) <= 0) fail(ErrorCode::kInvalidArgument, "token batch: sequence {} is empty", b);
    if (batch.visible_length(b) < 0 || batch.visible_length(b) > batch.length(b)) {
      fail(ErrorCode::kInvalidArgument, "token batch: sequence {} shows {} of {} tokens", b,
           batch.visible_length(b), batch.length(b));
    }
  }
}

}  // namespace

TokenBatch slice_sequences(const TokenBatch& batch, int32_t first, int32_t last) {
  const auto slice = [](const std::vector<int32_t>& all, int32_t begin, int32_t end) {
    return all.empty() ? all : std::vector<int32_t>(all.begin() + begin, all.begin() + end);
  };
  const int32_t begin = batch.begin(first), end = batch.begin(last);
  TokenBatch part;
  part.ids = slice(batch.ids, begin, end);
  part.positions = slice(batch.positions, begin, end);
  part.type_ids = slice(batch.type_ids, begin, end);
  part.visible = slice(batch.visible, first, last);
  for (int32_t b = first; b < last; ++b) {
    part.cu_seqlens.push_back(batch.begin(b + 1) - begin);
    part.max_seqlen = std::max(part.max_seqlen, batch.length(b));
  }
  return part;
}

void check_batch(const TokenBatch& batch, const EncoderConfig& config) {
  check_lengths(batch);
  check_range(batch.ids, config.vocab_size, "token id");
  const bool absolute = config.absolute_positions;
  check_range(batch.positions, absolute ? config.max_position_embeddings : 1 << 20, "position");
  if (config.type_vocab_size > 0) check_range(batch.type_ids, config.type_vocab_size, "type id");
}

}  // namespace modernbert
