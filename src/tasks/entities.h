// Token scores to entities, by the rules of Hugging Face's token-classification pipeline. Knows no model.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "modernbert/ner.h"

namespace modernbert {

struct ScoredToken {
  int32_t id = 0;
  std::string word;           // the token's text; for an unknown token the text it stands for
  bool unknown = false;       // the token is the tokenizer's unknown token
  bool is_subword = false;    // continues the word of the token before it
  std::vector<float> scores;  // one per label, summing to 1
  int32_t index = 0;          // in the whole encoding
  TextSpan offsets;
  TextSpan byte_offsets;
};

// The text of consecutive tokens.
using JoinTokens = std::function<std::string(std::span<const ScoredToken>)>;

// kNone: one entity per token. kSimple: neighbouring tokens of one tag make an entity (a B- label starts a
// new one). kFirst, kMax, kAverage: the same over words, whose label is that of their first token, of their
// highest score, or of the mean of their scores. An entity's score is the mean over its tokens or words.
std::vector<Entity> make_entities(std::span<const ScoredToken> tokens, Aggregation aggregation,
                                  std::span<const std::string> labels,
                                  std::span<const std::string> ignore_labels, const JoinTokens& join);

}  // namespace modernbert
