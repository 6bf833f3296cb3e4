// A trainer to be killed: fake_trainer OUTPUT STEPS. Exit code 0 when the run has ended, 143 when it was
// asked to stop.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "run/fake_run.h"

namespace {
std::atomic<int> g_stop = 0;
void request_stop(int signal) {
  g_stop = signal;
}
}  // namespace

int main(int argc, char** argv) {
  using namespace modernbert;
  if (argc != 3) return 2;
  std::signal(SIGTERM, request_stop);
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit is an error of write(), as on a full disk
  try {
    const Recipe recipe =
        parse_recipe_tree(testing::fake_recipe(std::stoll(argv[2]), /*checkpoint_every=*/1));
    testing::FakeWorkshop workshop;
    RunObserver nobody;
    PretrainingOptions options{.output = argv[1]};
    options.stop = &g_stop;
    return pretrain(recipe, options, workshop, nobody) == LoopEnd::kFinished ? 0 : 143;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
