// The best guesses of a model in training for the masks of a few sentences.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "modernbert/config.h"
#include "modernbert/tokenizer.h"
#include "training/parameters.h"
#include "training/report/run_events.h"

namespace modernbert {

// sentences: each with at least one [MASK].   Runs the encoder of inference on the values as they are, in
// fp32.
std::vector<SentenceGuesses> guess_sentences(const EncoderConfig& config, const ParameterBlock& values,
                                             const Tokenizer& tokenizer,
                                             std::span<const std::string> sentences, int threads);

}  // namespace modernbert
