#include "training/run/shared_start.h"

#include <array>

#include "core/crc32c.h"
#include "core/fail.h"

namespace modernbert {

void require_same_start(Communicator& processes, const Recipe& recipe, ComputeType dtype,
                        const Json& identity) {
  if (processes.size() == 1) return;
  const Json mine = {{"recipe", to_yaml(recipe.tree)},
                     {"type of the products", to_string(dtype)},
                     {"model, tokenizer or data", identity}};
  const Json first = broadcast(processes, mine);
  for (const char* what : {"recipe", "type of the products", "model, tokenizer or data"}) {
    if (first[what] == mine[what]) continue;
    fail(ErrorCode::kInvalidArgument, "process {} starts with another {} than process 0", processes.rank(),
         what);
  }
}

void share_start(Communicator& processes, RunState& state, BatchStream& data, ParameterBlock& parameters,
                 Optimizer& optimizer) {
  if (processes.size() == 1) return;
  if (processes.is_first()) state.data = data.state();
  const Json shared = broadcast(processes, to_json(state));
  if (!processes.is_first()) {
    state = read_state(JsonObject(shared, "the state of process 0"));
    data.restore(state.data);
    optimizer.set_steps(state.optimizer_steps);
  }
  processes.broadcast(std::as_writable_bytes(parameters.values()));
  if (state.step == 0) return;
  processes.broadcast(std::as_writable_bytes(optimizer.first_moment()));
  processes.broadcast(std::as_writable_bytes(optimizer.second_moment()));
}

void require_same_weights(Communicator& processes, const ParameterBlock& parameters) {
  if (processes.size() == 1) return;
  const uint32_t mine = crc32c(std::as_bytes(parameters.values()));
  uint32_t first = mine;
  processes.broadcast(std::as_writable_bytes(std::span(&first, 1)));
  double different = mine != first;
  processes.sum(std::span(&different, 1));
  if (different == 0) return;
  fail(ErrorCode::kInternal,
       "the weights of {} processes are not those of process 0: do all machines have the same kind of "
       "processor?",
       different);
}

LossTerms sum_of_all(Communicator& processes, const LossTerms& terms) {
  std::array<double, 4> sums = {terms.cross_entropy, terms.z_loss, static_cast<double>(terms.labels),
                                static_cast<double>(terms.correct)};
  processes.sum(sums);
  return {sums[0], sums[1], static_cast<int64_t>(sums[2]), static_cast<int64_t>(sums[3])};
}

}  // namespace modernbert
