#include "corpus/prepare_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <map>

#include "corpus/dataset.h"
#include "error_text.h"
#include "modernbert/tokenizer.h"
#include "small_corpus.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::read_text;
using testing::SmallCorpus;
using testing::thrown_by;
using testing::write_text;
namespace fs = std::filesystem;

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files[entry.path().filename().string()] = read_text(entry.path());
  }
  return files;
}

std::vector<std::vector<int32_t>> documents(const fs::path& folder, DatasetPart part) {
  const Dataset dataset = Dataset::open(folder, part);
  std::vector<std::vector<int32_t>> all;
  for (uint64_t d = 0; d < dataset.documents(); ++d) {
    all.emplace_back(dataset.length(d));
    dataset.copy(d, 0, all.back());
  }
  return all;
}

class PrepareDataset : public ::testing::Test {
 protected:
  const fs::path& path() const { return corpus_.path(); }
  DatasetIndex prepare(const std::string& folder,
                       const PrepareOptions& options = SmallCorpus::options()) const {
    return prepare_dataset({path() / "first.jsonl"}, path() / "tokenizer", path() / folder, options);
  }
  SmallCorpus corpus_;
};

TEST_F(PrepareDataset, ShardsHoldEveryDocumentInOrder) {
  PrepareOptions options = SmallCorpus::options();
  options.held_out_share = 0;
  const DatasetIndex index = prepare("all", options);
  EXPECT_GT(index.train.size(), 3U);
  const Tokenizer tokenizer = Tokenizer::load(path() / "tokenizer");
  const auto found = documents(path() / "all", DatasetPart::kTrain);
  ASSERT_EQ(found.size(), 400U);
  for (size_t i = 0; i < found.size(); ++i) {
    const uint64_t words = 1 + random_below('f', i, 400);
    const Encoding encoding =
        tokenizer.encode(testing::made_text(random_hash('f', i), words), {.add_special_tokens = false});
    ASSERT_EQ(found[i], encoding.ids) << i;
  }
}

TEST_F(PrepareDataset, ThePartsTogetherAreAllDocuments) {
  const auto train = documents(path() / "first", DatasetPart::kTrain);
  const auto held_out = documents(path() / "first", DatasetPart::kHeldOut);
  EXPECT_EQ(train.size() + held_out.size(), 400U);
  EXPECT_NEAR(static_cast<double>(held_out.size()), 40, 5 * 6);  // five standard deviations
}

TEST_F(PrepareDataset, ThreadsDoNotChangeABit) {
  PrepareOptions options = SmallCorpus::options();
  options.threads = 1;
  prepare("one", options);
  EXPECT_EQ(contents(path() / "one"), contents(path() / "first"));
}

// Killed at any moment: begun.json, the shards that were finished, perhaps a temporary file.
TEST_F(PrepareDataset, AnInterruptedRunGoesOnToTheSameBits) {
  PrepareOptions options = SmallCorpus::options();
  int blocks = 0;
  options.progress = [&](const PrepareProgress&) {
    if (++blocks == 3) throw Error(ErrorCode::kIo, "interrupted");
  };
  EXPECT_EQ(thrown_by([&] { prepare("resumed", options); }).message, "interrupted");
  EXPECT_TRUE(fs::exists(path() / "resumed/begun.json"));
  EXPECT_FALSE(fs::exists(path() / "resumed/index.json"));
  const auto finished = fs::last_write_time(path() / "resumed/train-00000.tokens");
  EXPECT_THAT(thrown_by([&] { Dataset::open(path() / "resumed", DatasetPart::kTrain); }).message,
              HasSubstr("the data set is unfinished"));
  write_text(path() / "resumed/train-00001.tokens.tmp1.2", "half");
  uint64_t skipped = 0;
  options.progress = [&](const PrepareProgress& progress) { skipped = progress.bytes_skipped; };
  prepare("resumed", options);
  EXPECT_GT(skipped, 0U);
  EXPECT_EQ(fs::last_write_time(path() / "resumed/train-00000.tokens"), finished);
  EXPECT_EQ(contents(path() / "resumed"), contents(path() / "first"));
}

TEST_F(PrepareDataset, RefusesToGoOnWithSomethingElse) {
  EXPECT_THAT(thrown_by([&] {
                prepare_dataset({path() / "second.jsonl"}, path() / "tokenizer", path() / "first",
                                SmallCorpus::options());
              }).message,
              HasSubstr("file second.jsonl is in the place of first.jsonl"));
  PrepareOptions options = SmallCorpus::options();
  options.held_out_share = 0.2;
  EXPECT_THAT(thrown_by([&] { prepare("first", options); }).message,
              HasSubstr("the held-out share is 0.2, then 0.1; use another folder"));
  testing::write_tokenizer(path() / "tokenizer", 300);
  EXPECT_THAT(thrown_by([&] { prepare("first"); }).message, HasSubstr("the tokenizer differs"));
  testing::write_tokenizer(path() / "tokenizer");
  write_text(path() / "first.jsonl", read_text(path() / "first.jsonl") + "{\"text\":\"x\"}\n");
  EXPECT_THAT(thrown_by([&] { prepare("first"); }).message, HasSubstr("first.jsonl has "));
}

TEST_F(PrepareDataset, RefusesAFolderOfOtherFiles) {
  EXPECT_THAT(thrown_by([&] { prepare("tokenizer"); }).message, HasSubstr("holds other files"));
}

TEST_F(PrepareDataset, ALongDocumentMakesALongShard) {
  write_text(path() / "long.txt", testing::made_text(1, 50000));
  const DatasetIndex index = prepare_dataset({path() / "first.jsonl", path() / "long.txt"},
                                             path() / "tokenizer", path() / "long", SmallCorpus::options());
  EXPECT_EQ(index.documents(), 401U);
  EXPECT_GT(Dataset::open(path() / "long", DatasetPart::kTrain).documents(), 0U);
}

TEST_F(PrepareDataset, TextWithoutTokensIsAnError) {
  write_text(path() / "blank.jsonl", "{\"text\":\"\"}\n");
  EXPECT_EQ(thrown_by([&] {
              prepare_dataset({path() / "blank.jsonl"}, path() / "tokenizer", path() / "blank", {});
            }).message,
            "the files hold no text");
}

// A limit on the size of a file stands in for a full disk.
TEST_F(PrepareDataset, AFullDiskLeavesWholeShardsOnly) {
  PrepareOptions options = SmallCorpus::options();
  options.shard_bytes = 300'000;  // too much for one file
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{60'000, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto thrown = thrown_by([&] { prepare("full", options); });
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(thrown.code, ErrorCode::kIo);
  for (const auto& [name, bytes] : contents(path() / "full")) {
    EXPECT_THAT(name, ::testing::Not(HasSubstr(".tmp"))) << name;
  }
  prepare("full", options);
  prepare("whole", options);
  EXPECT_EQ(contents(path() / "full"), contents(path() / "whole"));
}

TEST_F(PrepareDataset, ADamagedShardIsNamed) {
  const fs::path shard = path() / "first/train-00001.tokens";
  std::string bytes = read_text(shard);
  bytes[100] ^= 1;
  write_text(shard, bytes);
  EXPECT_THAT(thrown_by([&] { Dataset::open(path() / "first", DatasetPart::kTrain); }).message,
              HasSubstr("train-00001.tokens: damaged"));
  fs::remove(shard);
  EXPECT_EQ(thrown_by([&] { Dataset::open(path() / "first", DatasetPart::kTrain); }).code,
            ErrorCode::kNotFound);
}

TEST_F(PrepareDataset, AShardOfAnotherDataSetIsNamed) {
  fs::copy_file(path() / "second/train-00000.tokens", path() / "first/train-00000.tokens",
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(thrown_by([&] { Dataset::open(path() / "first", DatasetPart::kTrain); }).message,
              HasSubstr("index.json says"));
}

TEST_F(PrepareDataset, TheIndexMayNotPointElsewhere) {
  const fs::path index = path() / "first/index.json";
  Json json = read_json_file(index);
  json["train"][0]["name"] = "../second/train-00000.tokens";
  write_text(index, json.dump());
  EXPECT_THAT(thrown_by([&] { Dataset::open(path() / "first", DatasetPart::kTrain); }).message,
              HasSubstr("want the name of a file in this folder"));
}

}  // namespace
}  // namespace modernbert
