#include "cli/verbs/verbs.h"

#include <array>

namespace modernbert::cli {

std::span<const Verb* const> all_verbs() {
  static constexpr std::array kVerbs = {
      &kInfo,           &kTokenize,       &kFillMask, &kEmbed,    &kClassify, &kNer,
      &kAnswer,         &kChoose,         &kRerank,   &kVerify,   &kBench,    &kDesign,
      &kTrainTokenizer, &kTokenizeCorpus, &kPretrain, &kEvaluate, &kAverage,  &kExperiment};
  return kVerbs;
}

}  // namespace modernbert::cli
