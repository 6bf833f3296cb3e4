// All verbs, one file and namespace each. To add one: a file here with a `const Verb kName`, and its entry in
// all_verbs().
#pragma once

#include <span>

#include "cli/command_line.h"

namespace modernbert::cli {

extern const Verb kInfo, kTokenize, kFillMask, kEmbed, kClassify, kNer, kAnswer, kChoose, kRerank, kVerify,
    kBench, kDesign, kTrainTokenizer, kTokenizeCorpus, kPretrain, kEvaluate, kAverage, kExperiment;

std::span<const Verb* const> all_verbs();

}  // namespace modernbert::cli
