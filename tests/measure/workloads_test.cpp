#include "measure/workloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::thrown_by;

TEST(Workloads, EveryNameIsOne) {
  for (const std::string_view name : workload_names()) {
    const Workload workload = parse_workload(name);
    EXPECT_EQ(workload.name, name);
    EXPECT_FALSE(workload.lengths.empty());
  }
  EXPECT_EQ(parse_workload("queries").lengths.size(), 128u);
  EXPECT_EQ(parse_workload("mixed").lengths.size(), 64u);
}

TEST(Workloads, CountTimesLength) {
  EXPECT_EQ(parse_workload("3x20").lengths, (std::vector<int32_t>{20, 20, 20}));
}

TEST(Workloads, RejectWhatIsNone) {
  for (const char* name :
       {"", "x", "3x", "x3", "0x5", "5x0", "-1x4", "3x4x5", "99999999999x1", "4194304x2"}) {
    EXPECT_THAT(thrown_by([&] { parse_workload(name); }).message, HasSubstr("want queries")) << name;
  }
}

TEST(Workloads, BatchesAreTheSameEachTime) {
  const Workload workload = parse_workload("3x20");
  const TokenBatch batch = random_batch(workload, 100);
  EXPECT_EQ(batch.tokens(), 60);
  EXPECT_EQ(batch.ids, random_batch(workload, 100).ids);
}

}  // namespace
}  // namespace modernbert
