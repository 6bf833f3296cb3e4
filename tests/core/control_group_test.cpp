#include "core/control_group.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>

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
  double memory(const std::string& membership) const {
    write("membership", membership);
    return memory_allowance(folder_.path(), folder_.path() / "membership");
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

TEST(MemoryAllowance, IsInfiniteWithoutLimits) {
  const Groups groups;
  EXPECT_EQ(groups.memory("0::/"), INFINITY);
  groups.write("memory.max", "max");
  groups.write("memory.current", "1000");
  EXPECT_EQ(groups.memory("0::/"), INFINITY);
}

TEST(MemoryAllowance, CountsMemoryOfFilesAsFree) {
  const Groups groups;
  groups.write("memory.max", "8000");
  groups.write("memory.current", "5000");
  EXPECT_EQ(groups.memory("0::/"), 3000);
  groups.write("memory.stat", "anon 1500\nfile 3300\ninactive_file 2000\nactive_file 1000\ninactive_anon 7");
  EXPECT_EQ(groups.memory("0::/"), 6000);
  groups.write("memory.current", "9000");  // the limit was lowered below it
  groups.write("memory.stat", "");
  EXPECT_EQ(groups.memory("0::/"), 0);
}

TEST(MemoryAllowance, IsTheLeastOfTheGroupsAbove) {
  const Groups groups;
  groups.write("pods/memory.max", "9000");
  groups.write("pods/memory.current", "7000");
  groups.write("pods/one/memory.max", "5000");
  groups.write("pods/one/memory.current", "1000");
  EXPECT_EQ(groups.memory("0::/pods/one"), 2000);
}

TEST(MemoryAllowance, OfVersion1IsInTheHierarchyOfMemory) {
  const Groups groups;
  groups.write("memory/memory.limit_in_bytes", "9223372036854771712");  // none
  groups.write("memory/memory.usage_in_bytes", "123456");
  groups.write("memory/docker/a/memory.limit_in_bytes", "6000");
  groups.write("memory/docker/a/memory.usage_in_bytes", "5000");
  groups.write("memory/docker/a/memory.stat",
               "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 200");
  EXPECT_EQ(groups.memory("9:memory:/docker/a\n2:cpu,cpuacct:/docker/a\n0::/"), 1500);
}

}  // namespace
}  // namespace modernbert
