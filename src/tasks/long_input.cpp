#include "modernbert/long_input.h"

#include "core/fail.h"

namespace modernbert {

LongInput parse_long_input(std::string_view name) {
  if (name == "error") return LongInput::kError;
  if (name == "truncate") return LongInput::kTruncate;
  if (name == "chunk") return LongInput::kChunk;
  fail(ErrorCode::kInvalidArgument, "long input is \"{}\", want error, truncate or chunk", name);
}

}  // namespace modernbert
