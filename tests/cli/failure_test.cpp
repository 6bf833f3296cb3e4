// Bad models and bad texts: one clear line, exit code 1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"
#include "tiny_model.h"

namespace modernbert::testing {
namespace {

TEST(Failure, UnknownModel) {
  expect_failure(run_program({"fill-mask", "-m", "/no/such/folder", "a [MASK]"}), "/no/such/folder");
  expect_failure(run_program({"fill-mask", "--offline", "-m", "nobody/nothing", "a [MASK]"}),
                 "nobody/nothing");
}

TEST(Failure, MissingFilesAreNamed) {
  const TemporaryFolder folder;
  expect_failure(run_program({"fill-mask", "-m", folder.path(), "a [MASK]"}), "config.json");
  expect_failure(run_program({"info", "-m", folder.path()}), "config.json");
  expect_failure(run_program({"tokenize", "-m", folder.path(), "a"}), "tokenizer.json");
  std::filesystem::copy(nano() + "/config.json", folder.path() / "config.json");
  expect_failure(run_program({"fill-mask", "-m", folder.path(), "a [MASK]"}), "model.safetensors");
}

TEST(Failure, AHeadThatIsNotThere) {
  expect_failure(run_program({"classify", "-m", nano(), "a"}), "classifier.weight");
}

TEST(Failure, TruncatedWeights) {
  const TemporaryFolder folder;
  write_tiny_model(folder.path(), {"ModernBertForSequenceClassification", {"a", "b"}});
  const auto path = folder.path() / "model.safetensors";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4);
  expect_failure(run_program({"classify", "-m", folder.path(), "a"}), "model.safetensors");
}

TEST(Failure, NoMask) {
  expect_failure(run_program({"fill-mask", "-m", nano(), "no mask here"}), "argument 1 has no mask token");
  expect_failure(run_program({"fill-mask", "-m", nano(), ""}), "argument 1 has no mask token");
}

TEST(Failure, TooLongATextCanBeRefusedOrCut) {
  const Arguments arguments = {"fill-mask", "-m", nano(), "--json", "--max-length", "8", "--long"};
  const std::string text = "a [MASK] b c d e f g h i j";
  const auto with = [&](const std::string& mode) {
    Arguments all = arguments;
    all.insert(all.end(), {mode, text});
    return run_program(all);
  };
  expect_failure(with("error"), "want at most 8");
  const Result cut = with("truncate");
  EXPECT_EQ(cut.exit_code, 0);
  EXPECT_THAT(cut.err, ::testing::MatchesRegex("modernbert: warning: .*\n"));
  Arguments quiet = arguments;
  quiet.insert(quiet.end(), {"truncate", "--quiet", text});
  EXPECT_EQ(run_program(quiet).err, "");
}

TEST(Failure, AnEmptyTextIsAText) {
  const Result result = run_program({"embed", "-m", nano(), "--json", ""});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json_lines().at(0).at("embedding").size(), 256u);
}

// Line breaks in a message would make it two lines.
TEST(Failure, StaysOnOneLineWhateverTheInputHolds) {
  expect_failure(run_program({"fill-mask", "-m", "no\nsuch\nfolder", "a [MASK]"}), "no\\nsuch\\nfolder");
}

TEST(Failure, UnknownTokenIds) {
  expect_failure(run_program({"tokenize", "-m", nano(), "--decode", "999999"}), "999999");
  expect_failure(run_program({"tokenize", "-m", nano(), "--decode", "1", "x"}), "\"x\"");
}

}  // namespace
}  // namespace modernbert::testing
