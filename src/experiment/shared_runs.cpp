#include "experiment/shared_runs.h"

namespace modernbert {

// A run travels as its recipe's text, which has the changes of variant, seed and budget in it.
void announce_run(Communicator& processes, const Recipe& recipe) {
  if (processes.size() > 1) broadcast(processes, to_yaml(recipe.tree));
}

void release_followers(Communicator& processes) {
  if (processes.size() > 1) broadcast(processes, nullptr);
}

void follow_runs(Communicator& processes, const std::function<void(const Recipe&)>& train) {
  while (true) {
    const Json run = broadcast(processes, nullptr);
    if (run.is_null()) return;
    train(parse_recipe_tree(parse_recipe(run.get<std::string>(), "the run of process 0")));
  }
}

}  // namespace modernbert
