// What processes that train together agree on outside their steps.
#pragma once

#include "core/json.h"
#include "modernbert/dtype.h"
#include "training/checkpoint/checkpoint_files.h"
#include "training/distributed/communicator.h"
#include "training/optimizer/optimizer.h"
#include "training/recipe/recipe.h"
#include "training/run/trained_model.h"

namespace modernbert {

// Error (kInvalidArgument), in the process that differs from process 0, with what differs.
void require_same_start(Communicator& processes, const Recipe& recipe, ComputeType dtype,
                        const Json& identity);

// Process 0 knows where the run is and has the weights: afterwards all do. Error (kInvalidArgument) where the
// data of a process are not those of process 0.
void share_start(Communicator& processes, RunState& state, BatchStream& data, ParameterBlock& parameters,
                 Optimizer& optimizer);

// Equal sums and equal arithmetic keep the weights of all processes the same, bit by bit. Error (kInternal)
// if they are not: processors with other instructions can be the reason.
void require_same_weights(Communicator& processes, const ParameterBlock& parameters);

LossTerms sum_of_all(Communicator& processes, const LossTerms& terms);

}  // namespace modernbert
