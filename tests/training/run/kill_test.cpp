// kill -9 at any moment, then resume: the same bits as a run that nobody killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>

#include "core/file.h"
#include "temporary_folder.h"

namespace modernbert::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = MODERNBERT_BINARY_DIR "/bin/fake_trainer";

// More in `./dev kill-test`, which sets the variable.
int kill_count() {
  const char* count = std::getenv("MODERNBERT_KILLS");
  return count != nullptr ? std::atoi(count) : 10;
}

class Trainer {
 public:
  // file_limit: bytes that a file may have; 0 = no limit.
  Trainer(const fs::path& output, int steps, rlim_t file_limit = 0) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (file_limit > 0) {
      const rlimit limit{file_limit, file_limit};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execl(kProgram, kProgram, output.c_str(), std::to_string(steps).c_str(), nullptr);
    ::_exit(127);
  }
  void send(int signal) const { ::kill(pid_, signal); }
  // Exit code, or -signal.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

fs::path last_checkpoint(const fs::path& output, int steps) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%09d", steps);
  return output / "checkpoints" / name;
}

// All that counts: weights, moments, and the lines of metrics without their timings.
std::string essence(const fs::path& output, int steps) {
  const fs::path checkpoint = last_checkpoint(output, steps);
  return read_file(checkpoint / "model.safetensors") + read_file(checkpoint / "optimizer.safetensors") +
         read_file(output / "model" / "model.safetensors");
}

int unfinished_checkpoints(const fs::path& output) {
  if (!fs::exists(output / "checkpoints")) return 0;
  int count = 0;
  for (const auto& entry : fs::directory_iterator(output / "checkpoints"))
    count += entry.path().filename().string().starts_with(".");
  return count;
}

// Each kill meets a running process: a run that has come to its end is compared and another one begun.
TEST(Kill, AtAnyMomentLeavesTheBitsOfAnUninterruptedRun) {
  const int kills = kill_count(), steps = 20 * kills;
  const TemporaryFolder whole;
  auto killed = std::make_unique<TemporaryFolder>();
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(Trainer(whole.path(), steps).wait(), 0);
  const std::chrono::duration<double, std::milli> whole_time = std::chrono::steady_clock::now() - start;
  std::mt19937 random(1);
  // From before the first write to several checkpoints later; all kills together take about the time of the
  // run, as long as the machine stays as fast as it was.
  int longest = 100 + static_cast<int>(1.5 * whole_time.count() / kills);
  int ends = 0, unfinished_seen = 0;
  for (int done = 0; done < kills;) {
    Trainer trainer(killed->path(), steps);
    std::this_thread::sleep_for(
        std::chrono::milliseconds(std::uniform_int_distribution<int>(5, longest)(random)));
    trainer.send(SIGKILL);
    const int code = trainer.wait();
    if (code == 0) {
      ASSERT_TRUE(essence(whole.path(), steps) == essence(killed->path(), steps));
      ASSERT_LT(++ends, 10 + kills) << "nearly every run ends before it is killed";
      killed = std::make_unique<TemporaryFolder>();
      longest = std::max(50, longest / 2);
      continue;
    }
    ASSERT_EQ(code, -SIGKILL);
    ++done;
    unfinished_seen += unfinished_checkpoints(killed->path());
  }
  EXPECT_EQ(Trainer(killed->path(), steps).wait(), 0);
  std::printf("%d kills, %d of them while a checkpoint was written or removed, %d runs ended between\n",
              kills, unfinished_seen, ends);
  EXPECT_TRUE(essence(whole.path(), steps) == essence(killed->path(), steps));
}

// False if there is none within a minute.
bool wait_for_a_checkpoint(const fs::path& output) {
  for (int tries = 0; tries < 12000; ++tries) {
    std::error_code none_yet;
    for (const auto& entry : fs::directory_iterator(output / "checkpoints", none_yet)) {
      if (entry.path().filename().string().starts_with("step-")) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

TEST(Kill, SigtermSavesAndTheResumedRunHasTheSameBits) {
  const int steps = 60;
  const TemporaryFolder whole, stopped;
  ASSERT_EQ(Trainer(whole.path(), steps).wait(), 0);
  Trainer trainer(stopped.path(), steps);
  EXPECT_TRUE(wait_for_a_checkpoint(stopped.path()));
  trainer.send(SIGTERM);
  ASSERT_EQ(trainer.wait(), 143);
  EXPECT_EQ(Trainer(stopped.path(), steps).wait(), 0);
  EXPECT_TRUE(essence(whole.path(), steps) == essence(stopped.path(), steps));
}

// A file-size limit stands for a full disk: write() fails in the middle of a file.
TEST(Kill, FullDiskStopsCleanlyWithTheLastCheckpointIntact) {
  const int steps = 20;
  const TemporaryFolder whole, full;
  ASSERT_EQ(Trainer(whole.path(), steps).wait(), 0);
  ASSERT_EQ(Trainer(full.path(), steps / 2).wait(), 0);
  const std::string before = read_file(last_checkpoint(full.path(), steps / 2) / "model.safetensors");
  ASSERT_EQ(Trainer(full.path(), steps, before.size() / 2).wait(), 1);
  for (const auto& entry : fs::directory_iterator(full.path() / "checkpoints"))
    EXPECT_TRUE(entry.path().filename().string().starts_with("step-")) << entry.path();
  EXPECT_TRUE(before == read_file(last_checkpoint(full.path(), steps / 2) / "model.safetensors"));
  EXPECT_EQ(Trainer(full.path(), steps).wait(), 0);
}

}  // namespace
}  // namespace modernbert::testing
