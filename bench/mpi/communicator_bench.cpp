// Sums over processes: mpirun -n 2 communicator_bench [MIB] [ROUNDS]. Process 0 prints one JSON line per
// measurement. on_wire_gb_s: what each process sends and, at the same time, receives.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "mpi/mpi_communicator.h"

namespace modernbert {
namespace {

using Clock = std::chrono::steady_clock;

// Of the middle one of `rounds` runs.
double median_seconds(int rounds, Communicator& processes, const std::function<void()>& work) {
  std::vector<double> all;
  for (int round = 0; round < rounds; ++round) {
    double ready = 0;
    processes.sum(std::span(&ready, 1));  // all start together
    const auto start = Clock::now();
    work();
    all.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::ranges::sort(all);
  return all[all.size() / 2];
}

void measure(Communicator& processes, double mib, int rounds) {
  const int size = processes.size();
  double number = 1;
  const double latency =
      median_seconds(20 * rounds, processes, [&] { processes.sum(std::span(&number, 1)); });
  if (processes.is_first())
    fmt::print("{{\"processes\":{},\"number_sum_us\":{:.1f}}}\n", size, 1e6 * latency);
  std::vector<float> values(static_cast<size_t>(mib * (1 << 20) / sizeof(float)));
  for (const WireType wire : {WireType::kFp32, WireType::kBf16}) {
    const double seconds = median_seconds(rounds, processes, [&] {
      processes.start_sum(values, wire);
      processes.wait_for_sums();
    });
    const double element = wire == WireType::kFp32 ? 4 : 2;
    const double on_wire = 2.0 * (size - 1) / size * element * static_cast<double>(values.size());
    if (processes.is_first())
      fmt::print("{{\"processes\":{},\"mib\":{:g},\"wire\":\"{}\",\"ms\":{:.2f},\"on_wire_gb_s\":{:.2f}}}\n",
                 size, mib, wire == WireType::kFp32 ? "fp32" : "bf16", 1e3 * seconds,
                 1e-9 * on_wire / seconds);
  }
}

}  // namespace
}  // namespace modernbert

int main(int argc, char** argv) {
  modernbert::MpiCommunicator processes({});
  modernbert::measure(processes, argc > 1 ? std::atof(argv[1]) : 25, argc > 2 ? std::atoi(argv[2]) : 20);
}
