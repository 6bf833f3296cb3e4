// Signs of life between processes, so that one that dies, stops or leaves is noticed by all others.
#pragma once

#include <mpi.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "mpi/operation.h"
#include "mpi/process_exits.h"

namespace modernbert {

// Used by the thread that talks to MPI; nothing here blocks. Every process tells every other one a few times
// within the time limit that it lives. A process that computes, writes a checkpoint or waits does so, too:
// only the thread has to run. Those on the same machine are also seen to die.
class PeerWatch {
 public:
  // group: a communicator for nothing else.
  PeerWatch(MpiGroup group, double timeout_s);

  // To be called often. What is wrong, as a sentence, once something is.
  std::optional<std::string> turn();
  // Tells the others that this process ends with an error, and gives the message a moment to travel.
  void say_farewell();

 private:
  using Clock = std::chrono::steady_clock;
  struct Peer {
    std::string host;
    Clock::time_point heard;
    int message = 0;  // under way
    PendingRequest sent;
  };

  void meet();
  void tell_all(int message);
  std::optional<std::string> listen();
  std::optional<std::string> find_dead();
  std::optional<std::string> find_silent();
  std::string name(int rank) const;
  std::string understand(int from, int message) const;

  MpiGroup group_;
  double timeout_s_;
  std::vector<Peer> peers_;  // [size]
  ProcessExits exits_;
  Clock::time_point last_turn_, last_told_;
  int news_;  // what is told: kAlive, or the rank that is lost
};

}  // namespace modernbert
