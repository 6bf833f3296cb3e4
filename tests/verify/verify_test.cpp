// The whole verb on the committed cases: they pass, and whatever is damaged fails.
#include "verify/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "case_folder_copy.h"

namespace modernbert {
namespace {

using testing::CaseFolderCopy;
using ::testing::HasSubstr;

struct Outcome {
  VerifySummary summary;
  std::vector<CaseResult> results;
};

Outcome run(const std::vector<std::filesystem::path>& folders, ComputeType dtype = ComputeType::kFp32,
            Backend backend = Backend::kCpu) {
  Outcome outcome;
  VerifyOptions options{.dtype = dtype, .backend = backend, .threads = 2};
  options.on_case = [&](const CaseResult& result) { outcome.results.push_back(result); };
  outcome.summary = verify(folders, options);
  return outcome;
}

std::vector<std::filesystem::path> committed_folders() {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(testing::committed_cases())) {
    folders.push_back(entry.path());
  }
  return folders;
}

void expect_all_pass(const Outcome& outcome, int cases) {
  for (const CaseResult& result : outcome.results) {
    EXPECT_EQ(result.status, CaseStatus::kPassed)
        << result.folder << " " << result.name << ": " << result.reason;
    EXPECT_FALSE(result.output.empty());
    EXPECT_TRUE(std::isfinite(result.max_abs_bar)) << result.output;
  }
  EXPECT_EQ(outcome.summary.cases, cases);
  EXPECT_EQ(outcome.summary.failed, 0);
  EXPECT_EQ(outcome.summary.skipped, 0);
}

constexpr int kCommittedCases = 12;

TEST(Verify, CommittedCasesPassInFp32) {
  expect_all_pass(run(committed_folders()), kCommittedCases);
}

TEST(Verify, CommittedCasesPassInBf16) {
  expect_all_pass(run(committed_folders(), ComputeType::kBf16), kCommittedCases);
}

TEST(Verify, CommittedCasesPassOnTheReferenceBackend) {
  expect_all_pass(run(committed_folders(), ComputeType::kFp32, Backend::kRef), kCommittedCases);
}

TEST(Verify, FailsWhereOneExpectedValueDiffers) {
  for (const ComputeType dtype : {ComputeType::kFp32, ComputeType::kBf16}) {
    CaseFolderCopy copy("bert_base");
    // Beyond the bar of either type.
    copy.edit_tensor("cases.safetensors", "token_types.out.hidden_states.1",
                     [](std::span<float> values) { values[values.size() / 2] += 0.5f; });
    const Outcome outcome = run({copy.path()}, dtype);
    EXPECT_EQ(outcome.summary.failed, 1);
    const CaseResult& result = outcome.results.at(0);
    EXPECT_EQ(result.status, CaseStatus::kFailed);
    EXPECT_EQ(result.output, "hidden_states.1");
    EXPECT_NEAR(result.max_abs, 0.5, 0.1);
    EXPECT_GT(result.share, 1);
    EXPECT_THAT(result.reason, HasSubstr("hidden_states.1: max_abs"));
    EXPECT_EQ(outcome.results.at(1).status, CaseStatus::kPassed);  // another case of the folder
  }
}

TEST(Verify, FailsInFp32WhereAnExpectedValueDiffersByTwiceItsTolerance) {
  CaseFolderCopy copy("bert_base");
  copy.edit_tensor("cases.safetensors", "left_padded.out.last_hidden_state",
                   [](std::span<float> values) { values[7] += 2.5e-5f; });
  EXPECT_EQ(run({copy.path()}).summary.failed, 1);
  // An encoder this narrow computes in fp32 whatever is asked, and is held to that bar.
  EXPECT_EQ(run({copy.path()}, ComputeType::kBf16).summary.failed, 1);
}

TEST(Verify, FailsWhereOneWeightDiffers) {
  CaseFolderCopy copy("modernbert_masked_lm");
  copy.edit_tensor("model.safetensors", "model.layers.1.mlp.Wi.weight",
                   [](std::span<float> values) { values[5] += 0.5f; });
  EXPECT_EQ(run({copy.path()}).summary.failed, 4);
}

TEST(Verify, FailsWhereOneGradientDiffers) {
  CaseFolderCopy copy("modernbert_masked_lm_gradients");
  copy.edit_tensor("cases.safetensors", "ragged.grad.model.layers.1.mlp.Wi.weight",
                   [](std::span<float> values) { values[5] += 1e-3f; });
  const Outcome outcome = run({copy.path()});
  EXPECT_EQ(outcome.summary.failed, 1);
  EXPECT_EQ(outcome.results.at(0).output, "gradients");
  EXPECT_EQ(outcome.results.at(1).status, CaseStatus::kPassed);
}

TEST(Verify, FailsWhereAConfigFieldDiffers) {
  CaseFolderCopy copy("modernbert_masked_lm");
  copy.edit_text("config.json", "\"local_attention\": 8", "\"local_attention\": 10");
  EXPECT_GT(run({copy.path()}).summary.failed, 0);
}

TEST(Verify, NanNeverPasses) {
  for (const ComputeType dtype : {ComputeType::kFp32, ComputeType::kBf16}) {
    CaseFolderCopy copy("modernbert_masked_lm");
    copy.edit_tensor("model.safetensors", "head.norm.weight",
                     [](std::span<float> values) { values[0] = NAN; });
    // The decoder's input is NaN; the base-model case does not use the head.
    const Outcome outcome = run({copy.path()}, dtype);
    EXPECT_EQ(outcome.summary.failed, 3);
  }
}

TEST(Verify, ReportsAMissingTensorAsTheReasonOfItsCase) {
  CaseFolderCopy copy("bert_base");
  copy.edit_text("cases.json", "\"token_types.out.pooler_output\"", "\"nowhere\"");
  const Outcome outcome = run({copy.path()});
  EXPECT_EQ(outcome.summary.failed, 1);
  EXPECT_THAT(outcome.results.at(0).reason, HasSubstr("\"nowhere\""));
  EXPECT_EQ(outcome.results.at(1).status, CaseStatus::kPassed);
}

TEST(Verify, ABrokenFolderFailsItsCasesAndTheRunGoesOn) {
  CaseFolderCopy broken("bert_base");
  std::filesystem::resize_file(broken.path() / "model.safetensors", 1000);
  const Outcome outcome = run({broken.path(), testing::committed_cases() / "bert_multi_label"});
  ASSERT_EQ(outcome.results.size(), 3u);
  EXPECT_EQ(outcome.summary.failed, 2);
  EXPECT_EQ(outcome.results[0].name, "token_types");
  EXPECT_THAT(outcome.results[0].reason, HasSubstr("model.safetensors"));
  EXPECT_EQ(outcome.results[2].status, CaseStatus::kPassed);
}

TEST(Verify, AFolderWithoutCasesFails) {
  TemporaryFolder empty;
  const Outcome outcome = run({empty.path(), empty.path() / "nowhere"});
  EXPECT_EQ(outcome.summary.failed, 2);
  EXPECT_THAT(outcome.results.at(0).reason, HasSubstr("no cases.json"));
  EXPECT_TRUE(outcome.results.at(0).name.empty());
}

TEST(Verify, AnUnknownOutputOrHeadOrKindFails) {
  CaseFolderCopy output("bert_base");
  output.edit_text("cases.json", "\"pooler_output\": {", "\"attentions\": {");
  EXPECT_THAT(run({output.path()}).results.at(0).reason, HasSubstr("attentions"));
  CaseFolderCopy head("bert_multi_label");
  head.edit_text("cases.json", "\"sequence_classification\"", "\"clairvoyance\"");
  EXPECT_THAT(run({head.path()}).results.at(0).reason, HasSubstr("clairvoyance"));
  CaseFolderCopy kind("bert_base");
  kind.edit_text("cases.json", "\"kind\": \"bert\"", "\"kind\": \"squid\"");
  EXPECT_THAT(run({kind.path()}).results.at(0).reason, HasSubstr("squid"));
}

TEST(Verify, SkipsKindsOfLaterWorkAndPlainFiles) {
  CaseFolderCopy copy("modernbert_masked_lm");
  copy.edit_text("cases.json", "\"kind\": \"modernbert\"", "\"kind\": \"modernbert_decoder\"");
  const Outcome outcome = run({copy.path(), copy.path() / "cases.json"});
  EXPECT_EQ(outcome.summary.cases, 5);
  EXPECT_EQ(outcome.summary.skipped, 5);
  EXPECT_EQ(outcome.summary.failed, 0);
  EXPECT_EQ(outcome.results.at(0).name, "ragged");
  EXPECT_THAT(outcome.results.at(0).reason, HasSubstr("causal decoders"));
}

TEST(Verify, AMaskWithAGapFails) {
  CaseFolderCopy copy("bert_base");
  std::string bytes = read_file(copy.path() / "cases.safetensors");
  const TensorMap tensors = parse_safetensors(std::as_bytes(std::span(bytes)), "copy");
  const Tensor& mask = tensors.at("token_types.attention_mask");
  const auto offset = reinterpret_cast<const char*>(mask.data) - bytes.data();
  const int32_t zero = 0;
  // Third row, second column: a real token in the middle.
  std::memcpy(bytes.data() + offset + (2 * mask.shape[1] + 1) * sizeof zero, &zero, sizeof zero);
  write_file_atomically(copy.path() / "cases.safetensors", bytes);
  EXPECT_THAT(run({copy.path()}).results.at(0).reason, HasSubstr("one run of ones"));
}

}  // namespace
}  // namespace modernbert
