// How many tokens each variant trains on, so that all cost the same.
//
// A budget of time is turned into tokens before training, by the measured time of a step, and the whole
// schedule is scaled to them. Stopping by the clock instead would cut off the learning rate's decay, which
// makes most of the final loss, at a place that depends on what else the machine was doing; and such a run
// could not be repeated or resumed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "experiment/cost_meter.h"
#include "experiment/plan.h"

namespace modernbert {

// cost: of a token, on any scale, by variant.   Returns tokens by variant: the first gets first_tokens, the
// others what costs as much (at least 1).
std::vector<int64_t> equal_cost_tokens(int64_t first_tokens, std::span<const double> cost);

// The recipe with a schedule of so many tokens; warmups and decay keep their shares of it.
Recipe with_tokens(const Recipe& recipe, int64_t tokens);

// Tokens by variant under the plan's budget. Times are measured once: `record` (a JSON file) keeps the tokens
// that they led to, and a variant whose recipe has not changed since keeps its tokens.   record: empty =
// nothing is read or kept.
std::vector<int64_t> budget_tokens(const ExperimentPlan& plan, CostMeter& meter,
                                   const std::filesystem::path& record);

}  // namespace modernbert
