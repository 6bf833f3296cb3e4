// Every inference folder of the reference data beside the checkout, where there is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "shared_files.h"
#include "verify/verify.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

// Full sizes take minutes and gigabytes: only on request.
bool is_full_size(const fs::path& folder) {
  return folder.parent_path().filename() == "base_recipe" && folder.filename() != "ettin17m";
}

std::vector<fs::path> folders_below(const fs::path& root) {
  const bool all = std::getenv("MODERNBERT_VERIFY_FULL_SIZE") != nullptr;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (all || !is_full_size(entry.path())) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

class ReferenceFolders : public ::testing::TestWithParam<std::tuple<const char*, ComputeType>> {};

TEST_P(ReferenceFolders, Pass) {
  const auto [group, dtype] = GetParam();
  const fs::path root = testing::shared_dir() / "reference" / group;
  MB_SKIP_UNLESS_EXISTS(root);
  VerifyOptions options{.dtype = dtype};
  options.on_case = [](const CaseResult& result) {
    EXPECT_EQ(result.status, CaseStatus::kPassed)
        << result.folder << " " << result.name << ": " << result.reason;
  };
  EXPECT_GT(verify(folders_below(root), options).cases, 0);
}

INSTANTIATE_TEST_SUITE_P(Groups, ReferenceFolders,
                         ::testing::Combine(::testing::Values("modernbert", "bert", "base_recipe",
                                                              "sentence_transformers", "flexbert"),
                                            ::testing::Values(ComputeType::kFp32, ComputeType::kBf16)),
                         [](const auto& instance) {
                           return std::string(std::get<0>(instance.param)) + "_" +
                                  std::string(to_string(std::get<1>(instance.param)));
                         });

TEST(ReferenceWithoutModel, Passes) {
  const fs::path root = testing::shared_dir() / "reference";
  MB_SKIP_UNLESS_EXISTS(root);
  const std::vector<fs::path> folders = {root / "train" / "optimizers", root / "train" / "schedules",
                                         root / "flexbert_data" / "tiling"};
  VerifyOptions options;
  options.on_case = [](const CaseResult& result) {
    EXPECT_EQ(result.status, CaseStatus::kPassed)
        << result.folder << " " << result.name << ": " << result.reason;
  };
  EXPECT_EQ(verify(folders, options).cases, 16);
}

class TrainingFolders : public ::testing::TestWithParam<ComputeType> {};

TEST_P(TrainingFolders, Pass) {
  const fs::path root = testing::shared_dir() / "reference/train";
  MB_SKIP_UNLESS_EXISTS(root);
  VerifyOptions options{.dtype = GetParam()};
  options.on_case = [](const CaseResult& result) {
    EXPECT_NE(result.status, CaseStatus::kFailed)
        << result.folder << " " << result.name << ": " << result.reason;
  };
  std::vector<fs::path> folders = folders_below(root);
  std::erase_if(folders, [](const fs::path& folder) { return folder.filename() == "trajectories"; });
  const VerifySummary summary = verify(folders, options);
  EXPECT_GE(summary.cases - summary.skipped, 27);
}

INSTANTIATE_TEST_SUITE_P(Types, TrainingFolders, ::testing::Values(ComputeType::kFp32, ComputeType::kBf16),
                         [](const auto& instance) { return std::string(to_string(instance.param)); });

// Ten steps amplify what rounding does to gradients near Adam's epsilon; which results miss their bars, and
// by how much, stands in docs/numerics.md. In fp32 three of four pass (on x86); in bf16 the misses change
// with the rounding.
TEST(ReferenceTrajectories, ThreeOfFourPassInFp32) {
  const fs::path folder = testing::shared_dir() / "reference/train/trajectories";
  MB_SKIP_UNLESS_EXISTS(folder);
  const VerifySummary summary = verify(std::vector{folder}, {});
  EXPECT_EQ(summary.cases, 4);
  EXPECT_LE(summary.failed, 1);
}

TEST(ReferenceKindsOfLaterWork, AreSkipped) {
  const fs::path root = testing::shared_dir() / "reference";
  MB_SKIP_UNLESS_EXISTS(root);
  for (const char* group : {"modernbert_decoder"}) {
    const VerifySummary summary = verify(folders_below(root / group), {});
    EXPECT_GT(summary.cases, 0) << group;
    EXPECT_EQ(summary.skipped, summary.cases) << group;
  }
}

}  // namespace
}  // namespace modernbert
