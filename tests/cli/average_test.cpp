// `average`: a mean of folders as a folder that other verbs read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace modernbert::testing {
namespace {

TEST(Average, OfEqualModelsIsThatModel) {
  const TemporaryFolder folder;
  const std::string output = folder.file("mean");
  const Result made = run_program({"average", nano(), nano(), "--output", output});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  const Arguments fill = {"fill-mask", "--json", "--dtype", "fp32", "import [MASK] as np", "--model"};
  Arguments of_mean = fill, of_nano = fill;
  of_mean.push_back(output);
  of_nano.push_back(nano());
  const Result answer = run_program(of_mean);
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_EQ(answer.out, run_program(of_nano).out);
}

TEST(Average, LeavesWhatIsThere) {
  const TemporaryFolder folder;
  expect_failure(run_program({"average", nano(), nano(), "-o", folder.path()}), "exists already");
  expect_failure(run_program({"average", nano(), "-o", folder.file("x")}), "want at least 2");
  expect_usage_error(run_program({"average", nano(), nano()}), "--output");
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace modernbert::testing
