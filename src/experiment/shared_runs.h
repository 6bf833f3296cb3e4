// Runs of an experiment that several processes train together: the first one decides what is trained, the
// others train along.
#pragma once

#include <functional>

#include "training/distributed/communicator.h"
#include "training/recipe/recipe.h"

namespace modernbert {

// The first process: the others start on this run, as it does.
void announce_run(Communicator& processes, const Recipe& recipe);
// The first process: nothing more will be trained.
void release_followers(Communicator& processes);

// Another process: trains what is announced until it is released.
void follow_runs(Communicator& processes, const std::function<void(const Recipe&)>& train);

}  // namespace modernbert
