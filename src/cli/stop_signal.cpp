#include "cli/stop_signal.h"

#include <csignal>

namespace modernbert::cli {
namespace {

constexpr int kExitSignal = 128;

std::atomic<int> g_stop = 0;

extern "C" void request_stop(int signal) {
  g_stop = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

const std::atomic<int>& stop_request() {
  return g_stop;
}

void catch_stop_signals() {
  std::signal(SIGTERM, request_stop);
  std::signal(SIGINT, request_stop);
  std::signal(SIGUSR1, request_stop);  // what mpirun passes on, and batch systems send before the time is up
}

int exit_code_of_signal(int signal) {
  return kExitSignal + signal;
}

int exit_code_after_stop(int otherwise) {
  return g_stop == 0 ? otherwise : exit_code_of_signal(g_stop);
}

}  // namespace modernbert::cli
