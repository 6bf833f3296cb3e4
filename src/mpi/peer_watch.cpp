#include "mpi/peer_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <thread>

namespace modernbert {
namespace {

// Messages. A number from 0 is the rank of a process that is lost.
constexpr int kAlive = -1, kLeaving = -2;
constexpr int kTag = 1;
constexpr double kTellsPerTimeout = 20;
constexpr auto kBetweenTurns = std::chrono::milliseconds(10);
// Long enough for a message to arrive, short enough for ours to come before mpirun ends this process, too.
constexpr auto kFarewell = std::chrono::milliseconds(300);
constexpr auto kFarewellPause = std::chrono::milliseconds(1);

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

PeerWatch::PeerWatch(MpiGroup group, double timeout_s)
    : group_(group), timeout_s_(timeout_s), peers_(static_cast<size_t>(group.size)), news_(kAlive) {
  meet();
  last_turn_ = last_told_ = Clock::now();
  for (Peer& peer : peers_) peer.heard = last_turn_;
}

// Learns where the others are.
void PeerWatch::meet() {
  struct Card {
    char host[MPI_MAX_PROCESSOR_NAME] = {};
    int64_t process = ::getpid();
    uint64_t space = process_namespace();
  } own;
  int length = 0;
  check_mpi(MPI_Get_processor_name(own.host, &length), "MPI_Get_processor_name");
  std::vector<Card> all(peers_.size());
  check_mpi(MPI_Allgather(&own, sizeof own, MPI_BYTE, all.data(), sizeof own, MPI_BYTE, group_.comm),
            "MPI_Allgather");
  for (int r = 0; r < group_.size; ++r) {
    const Card& card = all[static_cast<size_t>(r)];
    peers_[static_cast<size_t>(r)].host = card.host;
    const bool here = std::string_view(card.host) == own.host && card.space == own.space && own.space != 0;
    if (here && r != group_.rank) exits_.watch(r, static_cast<pid_t>(card.process));
  }
}

std::string PeerWatch::name(int rank) const {
  return fmt::format("process {} of {} on {}", rank, group_.size, peers_[static_cast<size_t>(rank)].host);
}

std::optional<std::string> PeerWatch::turn() {
  const auto now = Clock::now();
  if (now - last_turn_ < kBetweenTurns) return {};
  // Whoever was stopped himself has no right to call others silent.
  if (seconds(now - last_turn_) > timeout_s_ / 2) {
    for (Peer& peer : peers_) peer.heard = now;
  }
  last_turn_ = now;
  if (seconds(now - last_told_) > timeout_s_ / kTellsPerTimeout) {
    last_told_ = now;
    tell_all(news_);
  }
  auto problem = listen();
  if (!problem) problem = find_dead();
  return problem ? problem : find_silent();
}

void PeerWatch::tell_all(int message) {
  for (int r = 0; r < group_.size; ++r) {
    Peer& peer = peers_[static_cast<size_t>(r)];
    // A message that is still on its way will do.
    if (r == group_.rank || !peer.sent.done()) continue;
    peer.message = message;
    check_mpi(MPI_Isend(&peer.message, 1, MPI_INT, r, kTag, group_.comm, peer.sent.start()), "MPI_Isend");
  }
}

std::optional<std::string> PeerWatch::listen() {
  while (true) {
    int found = 0, message = 0;
    MPI_Status status;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kTag, group_.comm, &found, &status), "MPI_Iprobe");
    if (found == 0) return {};
    check_mpi(MPI_Recv(&message, 1, MPI_INT, status.MPI_SOURCE, kTag, group_.comm, MPI_STATUS_IGNORE),
              "MPI_Recv");
    peers_[static_cast<size_t>(status.MPI_SOURCE)].heard = last_turn_;
    if (message == kAlive) continue;
    if (message >= 0) news_ = message;
    return understand(status.MPI_SOURCE, message);
  }
}

std::string PeerWatch::understand(int from, int message) const {
  if (message == kLeaving) return fmt::format("{} has ended with an error", name(from));
  if (message == group_.rank)
    return fmt::format("{} has given this process up: it had not answered for {:g} s", name(from),
                       timeout_s_);
  if (message < 0 || message >= group_.size)
    return fmt::format("{} has sent nonsense: {}", name(from), message);
  return fmt::format("{} is lost, says process {}", name(message), from);
}

std::optional<std::string> PeerWatch::find_dead() {
  const auto rank = exits_.find();
  if (!rank) return {};
  news_ = *rank;
  return fmt::format("{} has died", name(*rank));
}

std::optional<std::string> PeerWatch::find_silent() {
  for (int r = 0; r < group_.size; ++r) {
    if (r == group_.rank || seconds(last_turn_ - peers_[static_cast<size_t>(r)].heard) < timeout_s_) continue;
    news_ = r;
    return fmt::format("{} has not answered for {:g} s (distributed.timeout_s)", name(r), timeout_s_);
  }
  return {};
}

void PeerWatch::say_farewell() {
  const int message = news_ == kAlive ? kLeaving : news_;
  const auto start = Clock::now();
  tell_all(message);
  while (Clock::now() - start < kFarewell) {
    int ignored = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, kTag, group_.comm, &ignored, MPI_STATUS_IGNORE);  // moves messages on
    std::this_thread::sleep_for(kFarewellPause);
  }
}

}  // namespace modernbert
