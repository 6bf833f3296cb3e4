// How many tokens of each text are kept, and the windows that hold the rest.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "modernbert/tokenizer.h"

namespace modernbert {

struct TokenRange {
  size_t begin;
  size_t end;
  size_t size() const { return end - begin; }
};

struct KeptLengths {
  size_t first;
  size_t second;
};

// Lengths after cutting two texts (second: nullopt for a single text) to at most `capacity` tokens together.
// Errors (kInvalidArgument): the strategy names a text that is not there, or one too short to be cut enough.
KeptLengths truncated_lengths(size_t first, std::optional<size_t> second, size_t capacity,
                              TruncationStrategy strategy);

// The kept part of `length` tokens, then, if options.overflow, the windows with the others: each of at most
// `kept` tokens, sharing options.stride with its neighbour, from the kept side to the other. Error
// (kInvalidArgument) if windows cannot advance because the stride is not below `kept`.
std::vector<TokenRange> token_windows(size_t length, size_t kept, const EncodeOptions& options);

}  // namespace modernbert
