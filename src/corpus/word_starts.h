// Where words begin among token ids: for masking whole words in shards, which hold nothing but ids.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "modernbert/tokenizer.h"
#include "tokenizer/gpt2_splitter.h"

namespace modernbert {

// Byte-level tokens are put together to the text that they stand for, and the ByteLevel pre-tokenizer cuts it
// again; WordPiece words begin at every token without the continuing prefix. Immutable, shared by threads.
class WordStarts {
 public:
  explicit WordStarts(const Tokenizer& tokenizer);
  // starts: [ids], overwritten: 1 where a word begins. A special token is a word of its own.
  void find(std::span<const int32_t> ids, std::span<uint8_t> starts) const;

 private:
  void find_in_run(std::span<const int32_t> ids, std::span<uint8_t> starts) const;

  bool byte_level_;
  std::vector<std::string> bytes_;  // [vocabulary] of byte-level tokens; empty for special ones
  std::vector<uint8_t> continues_;  // [vocabulary] WordPiece: the token has the continuing prefix
  Gpt2Splitter splitter_;
};

}  // namespace modernbert
