#include "core/default_threads.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "temporary_folder.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

// Control groups as files.
class Groups {
 public:
  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((folder_.path() / file).parent_path());
    std::ofstream(folder_.path() / file) << text << '\n';
  }
  double quota(const std::string& membership) const {
    write("membership", membership);
    return processor_quota(folder_.path(), folder_.path() / "membership");
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST(ProcessorQuota, IsInfiniteWithoutLimits) {
  const Groups groups;
  EXPECT_EQ(groups.quota("0::/"), INFINITY);
  EXPECT_EQ(groups.quota(""), INFINITY);
  EXPECT_EQ(groups.quota("no group\n3"), INFINITY);
  groups.write("cpu.max", "max 100000");
  EXPECT_EQ(groups.quota("0::/"), INFINITY);
  groups.write("cpu/cpu.cfs_quota_us", "-1");
  groups.write("cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(groups.quota("4:cpu,cpuacct:/"), INFINITY);
}

TEST(ProcessorQuota, IsTimePerPeriod) {
  const Groups groups;
  groups.write("cpu.max", "250000 100000");
  EXPECT_EQ(groups.quota("0::/"), 2.5);
}

// What a container sees as its root has another path outside, which it may be told.
TEST(ProcessorQuota, IsTheLeastOfTheGroupsAbove) {
  const Groups groups;
  groups.write("cpu.max", "800000 100000");
  groups.write("pods/cpu.max", "200000 100000");
  groups.write("pods/one/cpu.max", "300000 100000");
  EXPECT_EQ(groups.quota("0::/pods/one"), 2);
  EXPECT_EQ(groups.quota("0::/pods/one/deeper/still"), 2);
  EXPECT_EQ(groups.quota("0::/elsewhere"), 8);
}

TEST(ProcessorQuota, OfVersion1IsInTheProcessorsHierarchy) {
  const Groups groups;
  groups.write("cpu/docker/a/cpu.cfs_quota_us", "150000");
  groups.write("cpu/docker/a/cpu.cfs_period_us", "50000");
  EXPECT_EQ(groups.quota("9:memory:/docker/a\n2:cpu,cpuacct:/docker/a\n0::/"), 3);
  EXPECT_EQ(groups.quota("2:cpuset:/docker/a"), INFINITY);
}

// Sets a variable of the environment while it lives.   value: null = takes it away.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) saved_ = before;
    set(value);
  }
  ~Variable() { set(saved_ ? saved_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const {
    value == nullptr ? unsetenv(name_) : setenv(name_, value, /*overwrite=*/1);
  }

  const char* name_;
  std::optional<std::string> saved_;
};

TEST(DefaultThreads, AreNoMoreThanProcessors) {
  const Variable wanted("OMP_NUM_THREADS", nullptr), limit("OMP_THREAD_LIMIT", nullptr);
  EXPECT_GE(default_threads(), 1);
  EXPECT_LE(default_threads(), static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_LE(default_threads(2), default_threads());
}

TEST(DefaultThreads, AreThoseOfTheEnvironment) {
  const Variable limit("OMP_THREAD_LIMIT", nullptr);
  const Variable wanted("OMP_NUM_THREADS", "7,2");
  EXPECT_EQ(default_threads(), 7);
  EXPECT_EQ(default_threads(4), 7);
  EXPECT_EQ(choose_threads(0), 7);
  EXPECT_EQ(choose_threads(3), 3);
  const Variable less("OMP_THREAD_LIMIT", "5");
  EXPECT_EQ(default_threads(), 5);
  const Variable nonsense("OMP_NUM_THREADS", "many");
  EXPECT_LE(default_threads(), static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace
}  // namespace modernbert
