// Processes started by mpirun or srun. The only place that knows MPI.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "training/distributed/communicator.h"
#include "training/recipe/recipe.h"

namespace modernbert {

// A thread of its own makes all calls of MPI, so that sums go on while the process computes, and looks after
// the other processes. One object a process, once: MPI cannot be started twice.
class MpiCommunicator final : public Communicator {
 public:
  // Error (kNetwork) if MPI does not start.
  explicit MpiCommunicator(const DistributedRecipe& recipe);
  // Waits until all processes are here; on the way out of an error it abandons them instead.
  ~MpiCommunicator() override;

  int rank() const override;
  int size() const override;
  int size_on_host() const override;
  void sum(std::span<double> values) override;
  void broadcast(std::span<std::byte> bytes) override;
  void start_sum(std::span<float> values, WireType wire) override;
  void wait_for_sums() override;
  void check() const override;
  void abandon() noexcept override;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
  int exceptions_;  // under way when this was made
};

}  // namespace modernbert
