// What a task does with a text that is longer than the model's limit.
#pragma once

#include <cstdint>
#include <string_view>

namespace modernbert {

enum class LongInput {
  kError,     // Error{kInvalidArgument} that says how long the text is and what fits
  kTruncate,  // cut, with one warning through the log callback that says how many tokens were cut
  kChunk,     // overlapping windows, their results pooled as the task says
};

struct LongInputOptions {
  LongInput mode = LongInput::kTruncate;
  int32_t max_length = 0;  // tokens, special ones included; 0 = Model::max_length()
  // kChunk: tokens shared by neighbouring windows; at most half of a window's text is used.
  int32_t overlap = 64;
};

// "error", "truncate" or "chunk".
LongInput parse_long_input(std::string_view name);

}  // namespace modernbert
