// pretrain under mpirun: several processes on this machine.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>

#include "pretrain_fixture.h"

namespace modernbert::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class Distributed : public Pretrain {
 protected:
  void SetUp() override {
    if (std::strlen(MODERNBERT_MPIRUN) == 0)
      GTEST_SKIP() << "built without MPI: install libopenmpi-dev openmpi-bin";
    Pretrain::SetUp();
  }

  // 8 rows in micro-batches of 2 for about 30 steps.
  static Arguments options(const std::string& output) {
    return {"--output", output,
            "--json",   "--quiet",
            "--set",    "batch={sequences: 8, micro_batch: 2}",
            "--set",    "schedule={kind: constant, tokens: 8k}",
            "--set",    "compute={dtype: fp32, threads: 1}",
            "--set",    "distributed.bucket_mib=0.05"};
  }
  // The program in so many processes. Open MPI leaks by design: its leaks are not the sanitizer's business.
  static Arguments mpirun(int processes, const Arguments& arguments) {
    Arguments all;
    if (processes > 1)
      all = {MODERNBERT_MPIRUN,
             "--allow-run-as-root",
             "--oversubscribe",
             "-x",
             "ASAN_OPTIONS=detect_leaks=0",
             "-n",
             std::to_string(processes)};
    all.push_back(program_path());
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  Arguments command(int processes, const std::string& run, const Arguments& more = {}) const {
    Arguments all = {"pretrain", data("recipe.yaml")};
    for (const Arguments& part : {options(data(run)), more}) all.insert(all.end(), part.begin(), part.end());
    return mpirun(processes, all);
  }
  void train(int processes, const std::string& run, const Arguments& more = {}) const {
    const Result result = run_command(command(processes, run, more));
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }

  // Of every step that the run's metrics have.
  std::vector<double> losses(const std::string& run) const {
    std::ifstream metrics(data(run) + "/metrics.jsonl");
    std::vector<double> list;
    for (std::string line; std::getline(metrics, line);) {
      const auto value = nlohmann::json::parse(line);
      if (value["kind"] == "step") list.push_back(value["loss"]);
    }
    return list;
  }
  void expect_same_losses(const std::string& run, const std::string& other, double tolerance) const {
    const auto a = losses(run), b = losses(other);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << "step " << i + 1;
  }
  // The weights of the trained model, as their file has them.
  std::vector<float> weights(const std::string& run) const {
    const std::string bytes = read_bytes(data(run) + "/model/model.safetensors");
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    std::vector<float> values((bytes.size() - 8 - header) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + 8 + header, values.size() * sizeof(float));
    return values;
  }
  // Largest difference of two weights.
  double distance(const std::string& run, const std::string& other) const {
    const auto a = weights(run), b = weights(other);
    double largest = a.size() == b.size() ? 0 : INFINITY;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
    return largest;
  }

  // The process id of a rank that mpirun has started.
  static std::optional<pid_t> find_rank(pid_t mpirun, int rank) {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream status(entry.path() / "status"), environment(entry.path() / "environ");
      bool child = false;
      for (std::string line; std::getline(status, line);) child |= line == "PPid:\t" + std::to_string(mpirun);
      if (!child) continue;
      for (std::string variable; std::getline(environment, variable, '\0');) {
        if (variable == "OMPI_COMM_WORLD_RANK=" + std::to_string(rank)) return std::stoi(name);
      }
    }
    return {};
  }

  // Sends a signal to rank 1 of a run that has written checkpoints. Says how all of it ended, and how long
  // that took.
  struct End {
    Result result;
    double seconds = 0;
  };
  End signal_one(int signal) {
    Child child(
        Command{command(3, "run", {"--set", "schedule.tokens=100M", "--set", "distributed.timeout_s=3"})});
    for (int i = 0; i < 6; ++i) child.read_line();  // a checkpoint every two steps
    const auto process = find_rank(child.pid(), 1);
    EXPECT_TRUE(process);
    if (!process) return {};
    const auto start = Clock::now();
    ::kill(*process, signal);
    child.close_output();
    End end{child.wait()};
    end.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return end;
  }
  // Nothing half-written that looks finished: the run goes on from its last checkpoint.
  void expect_intact_checkpoint() {
    const Result resumed = run_command(command(1, "run", {"--resume"}));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  }
};

// In fp32 only the order of sums differs. After 32 steps at a rate of 8e-4 that was 2.4e-8 in the losses
// and 1.2e-7, a last bit, in the weights.
constexpr double kLossTolerance = 2e-7, kWeightTolerance = 1e-6;

TEST_F(Distributed, SeveralProcessesTrainLikeOne) {
  train(1, "one");
  for (const int processes : {2, 3, 4}) {
    const std::string run = "of" + std::to_string(processes);
    train(processes, run);
    expect_same_losses("one", run, kLossTolerance);
    EXPECT_LT(distance("one", run), kWeightTolerance);
  }
}

TEST_F(Distributed, TheSameNumberOfProcessesGivesTheSameBits) {
  train(3, "first");
  train(3, "second");
  EXPECT_TRUE(weights("first") == weights("second"));
}

// A bf16 number has 8 bits: every gradient is off by up to 1/512 of itself, at random. Losses were off
// by 3.4e-5.
TEST_F(Distributed, GradientsMayTravelAsBf16) {
  train(1, "one");
  train(3, "bf16", {"--set", "distributed.wire=bf16"});
  expect_same_losses("one", "bf16", 3e-4);
  EXPECT_GT(distance("one", "bf16"), 0);
}

TEST_F(Distributed, GoesOnWithAnotherNumberOfProcesses) {
  train(1, "one");
  train(4, "parts", {"--set", "schedule.tokens=2k"});
  train(3, "parts", {"--set", "schedule.tokens=3k"});
  train(2, "parts", {"--set", "schedule.tokens=5k"});
  train(1, "parts");
  expect_same_losses("one", "parts", kLossTolerance);
  EXPECT_LT(distance("one", "parts"), kWeightTolerance);
}

TEST_F(Distributed, AKilledProcessEndsTheRun) {
  const End end = signal_one(SIGKILL);
  EXPECT_NE(end.result.exit_code, 0);
  EXPECT_LT(end.seconds, 60);
  EXPECT_THAT(end.result.err, HasSubstr("modernbert: process 1 of 3"));
  expect_intact_checkpoint();
}

TEST_F(Distributed, AHangingProcessEndsTheRun) {
  const End end = signal_one(SIGSTOP);
  EXPECT_NE(end.result.exit_code, 0);
  EXPECT_LT(end.seconds, 60);
  EXPECT_THAT(end.result.err, HasSubstr("has not answered for 3 s (distributed.timeout_s)"));
  expect_intact_checkpoint();
}

TEST_F(Distributed, AProcessThatIsAskedToStopStopsAll) {
  const End end = signal_one(SIGTERM);
  EXPECT_EQ(end.result.exit_code, 128 + SIGTERM);
  EXPECT_THAT(end.result.err, ::testing::Not(HasSubstr("modernbert: process")));
  expect_intact_checkpoint();
}

// Only process 1 cannot read its data; the other one is told.
TEST_F(Distributed, AnErrorInOneProcessEndsTheRun) {
  Arguments both = command(2, "run");
  const auto end = both.end();
  Arguments broken(std::find(both.begin(), end, program_path()), end);
  *std::find(both.begin(), end, "2") = "1";
  both.insert(both.end(), {":", "-n", "1"});
  both.insert(both.end(), broken.begin(), broken.end());
  both.insert(both.end(), {"--set", "compute.memory_gib=0.001"});
  const Result result = run_command(both);
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("process 1 starts with another recipe than process 0"));
  EXPECT_THAT(result.err, HasSubstr("process 1 of 2"));
  EXPECT_FALSE(fs::exists(data("run") + "/checkpoints"));
}

TEST_F(Distributed, AnExperimentOfSeveralProcessesFindsWhatOneFinds) {
  std::ofstream(data("try.yaml")) << "base: recipe.yaml\ninference: [32]\nvariants:\n  - name: base\n"
                                     "  - {name: shallow, set: {model.num_hidden_layers: 1}}\n";
  const auto losses_of = [&](int processes) {
    const Result result = run_command(
        mpirun(processes, {"experiment", data("try.yaml"), "--json", "--quiet", "--output",
                           data(std::to_string(processes)), "--set", "compute={dtype: fp32, threads: 1}"}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto lines = result.json_lines();
    EXPECT_EQ(lines.size(), 1U);  // only the first process speaks
    std::vector<double> losses;
    for (const auto& variant : lines.at(0)["variants"]) losses.push_back(variant["loss"]["mean"]);
    return losses;
  };
  const std::vector<double> alone = losses_of(1), together = losses_of(2);
  ASSERT_EQ(alone.size(), 2U);
  for (const size_t i : {0, 1}) EXPECT_NEAR(alone[i], together[i], kLossTolerance);
}

}  // namespace
}  // namespace modernbert::testing
