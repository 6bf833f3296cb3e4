// Fill-mask: the most likely tokens for every [MASK] of a text.
//
//   modernbert::FillMask fill(model);
//   auto results = fill({{"The capital of France is [MASK]."}});
//   results[0].masks[0][0].token_str;   // " Paris"
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"

namespace modernbert {

struct FillMaskOptions {
  int top_k = 5;
  LongInputOptions long_input;  // kChunk: each mask is answered in the window where it is most central
};

// As Hugging Face's fill-mask pipeline.
struct FilledToken {
  int32_t token = 0;
  std::string token_str;
  float score = 0;  // softmax over the vocabulary
  // The decoded text with this token in place. One mask: without special tokens; several: with all of them,
  // so that the other masks can be seen.
  std::string sequence;
};

struct FillMaskResult {
  std::vector<std::vector<FilledToken>> masks;  // [masks in text order][top_k, best first]
};

// Thread-safe.
class FillMask {
 public:
  // Error{kNotFound} where the folder has no tokenizer, no [MASK] or no masked-LM head.
  explicit FillMask(Model model);
  // A text without [MASK] (in the part that was kept) is an error (kInvalidArgument) that names its index.
  std::vector<FillMaskResult> operator()(std::span<const std::string> texts,
                                         const FillMaskOptions& options = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
