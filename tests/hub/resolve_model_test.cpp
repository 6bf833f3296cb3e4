// Folder, cache, hub: who answers when, and what the cache looks like afterwards.
#include <chrono>
#include <fstream>
#include <thread>

#include "hub/hub_fixture.h"
#include "modernbert/log.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HubTest;
using ::testing::IsEmpty;
using testing::kCommitA;
using testing::kCommitB;
using testing::kConfigBlob;
using testing::kWeightsSha;
using testing::large_file;
using testing::model_files;
using testing::small_file;
using testing::weights_content;

constexpr const char* kAsksForMain = "GET /api/models/org/model/revision/main";

// The library's warnings while it lives.
class Warnings {
 public:
  Warnings() {
    set_log_callback([this](LogLevel level, std::string_view message) {
      if (level == LogLevel::kWarning) lines_.emplace_back(message);
    });
  }
  ~Warnings() { set_log_callback({}); }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

TEST_F(HubTest, AnExistingFolderWins) {
  EXPECT_EQ(resolve(temporary_.path().string()), temporary_.path());
  EXPECT_THAT(hub_.server().lines(), IsEmpty());
}

TEST_F(HubTest, NamesWhatCannotBeAModel) {
  EXPECT_ERROR(resolve("./nowhere"), ErrorCode::kNotFound, HasSubstr("./nowhere: no such folder"));
  EXPECT_ERROR(resolve(""), ErrorCode::kInvalidArgument, HasSubstr("empty"));
  EXPECT_ERROR(resolve("a b"), ErrorCode::kInvalidArgument, HasSubstr("a b"));
  EXPECT_ERROR(resolve(std::string("a\0b", 3)), ErrorCode::kInvalidArgument, HasSubstr("NUL"));
  const auto file = temporary_.path() / "config.json";
  write_file_atomically(file, "{}");
  EXPECT_ERROR(resolve(file.string()), ErrorCode::kInvalidArgument, HasSubstr("want a model's folder"));
}

TEST_F(HubTest, DownloadsIntoTheSharedCacheLayout) {
  const fs::path folder = resolve();
  EXPECT_EQ(folder, snapshot(kCommitA));
  EXPECT_EQ(read_file(repo() / "refs/main"), kCommitA);
  EXPECT_EQ(fs::read_symlink(folder / "config.json"), fs::path("../../blobs") / kConfigBlob);
  EXPECT_EQ(fs::read_symlink(folder / "model.safetensors"), fs::path("../../blobs") / kWeightsSha);
  EXPECT_EQ(read_file(folder / "config.json"), "{\"model_type\":\"modernbert\"}");
  EXPECT_EQ(read_file(folder / "model.safetensors"), weights_content());
  EXPECT_TRUE(fs::exists(cache() / ".locks/models--org--model" / (std::string(kWeightsSha) + ".lock")));
  EXPECT_FALSE(fs::exists(repo() / "blobs" / (std::string(kWeightsSha) + ".incomplete")));
}

TEST_F(HubTest, LinksFilesOfSubfoldersRelatively) {
  auto files = model_files();
  files["1_Pooling/config.json"] =
      small_file("{\"pooling_mode_mean_tokens\":true}", "15449a48bab4cd8012015a9f0e9e47143fe1babc");
  hub_.commit("main", kCommitA, files);
  const fs::path pooling = resolve() / "1_Pooling/config.json";
  EXPECT_EQ(fs::read_symlink(pooling), "../../../blobs/15449a48bab4cd8012015a9f0e9e47143fe1babc");
  EXPECT_EQ(read_file(pooling), "{\"pooling_mode_mean_tokens\":true}");
}

TEST_F(HubTest, ASecondCallAsksOnlyWhereTheBranchStands) {
  const fs::path first = resolve();
  hub_.server().forget();
  EXPECT_EQ(resolve(), first);
  EXPECT_EQ(resolve("org/model@main"), first);
  EXPECT_THAT(hub_.server().lines(), ElementsAre(kAsksForMain, kAsksForMain));
}

TEST_F(HubTest, ACommitInTheCacheAsksNothing) {
  const fs::path first = resolve();
  hub_.server().forget();
  EXPECT_EQ(resolve(std::string("org/model@") + kCommitA), first);
  EXPECT_THAT(hub_.server().lines(), IsEmpty());
}

TEST_F(HubTest, ReadsACacheThatAnotherClientWrote) {
  fs::create_directories(repo() / "blobs");
  fs::create_directories(repo() / "refs/refs/pr");
  fs::create_directories(snapshot(kCommitB));
  write_file_atomically(repo() / "refs/refs/pr/3", kCommitB);
  for (const char* name : {"config.json", "vocab.txt", "model.safetensors"}) {
    write_file_atomically(repo() / "blobs" / name, "x");
    fs::create_symlink(fs::path("../../blobs") / name, snapshot(kCommitB) / name);
  }
  const Warnings warnings;
  EXPECT_EQ(resolve("org/model@refs/pr/3"), snapshot(kCommitB));
  // The hub has no such revision (any more); the copy is still good.
  EXPECT_THAT(warnings.lines(),
              ElementsAre(AllOf(HasSubstr("using the copy in the cache"), HasSubstr(kCommitB),
                                HasSubstr("has no such model or revision"))));
}

TEST_F(HubTest, FetchesOnlyWhatASnapshotLacks) {
  const fs::path folder = resolve();
  fs::remove(folder / "tokenizer.json");
  fs::remove(repo() / "blobs" / testing::kTokenizerBlob);
  hub_.server().forget();
  EXPECT_EQ(resolve(), folder);
  EXPECT_TRUE(fs::exists(folder / "tokenizer.json"));
  EXPECT_EQ(hub_.server().count_containing("tokenizer.json"), 2);  // HEAD and GET
  EXPECT_EQ(hub_.server().count_containing("model.safetensors"), 0);
}

TEST_F(HubTest, NoticesAMissingShardAndAMissingModule) {
  auto files = model_files();
  files["model-00001-of-00001.safetensors"] = files["model.safetensors"];
  files.erase("model.safetensors");
  files["model.safetensors.index.json"] =
      small_file("{\"weight_map\":{\"a\":\"model-00001-of-00001.safetensors\"}}", "index-1");
  files["modules.json"] =
      small_file("[{\"path\":\"1_Pooling\",\"type\":\"sentence_transformers.models.Pooling\"}]",
                 "05161ff2dfe51432a60660dc2a9bfd59313c4b97");
  files["1_Pooling/config.json"] = small_file("{\"pooling_mode_mean_tokens\":true}", "pooling-1");
  hub_.commit("main", kCommitA, files);
  const fs::path folder = resolve();
  for (const char* name : {"model-00001-of-00001.safetensors", "1_Pooling/config.json"}) {
    fs::remove(folder / name);
    EXPECT_EQ(resolve(), folder);
    EXPECT_TRUE(fs::exists(folder / name)) << name;
  }
  hub_.server().forget();
  resolve();
  EXPECT_THAT(hub_.server().lines(), ElementsAre(kAsksForMain));
}

TEST_F(HubTest, RemembersWhatARepositoryDoesNotHave) {
  hub_.commit("main", kCommitA, {{"tokenizer.json", model_files()["tokenizer.json"]}});
  const fs::path folder = resolve();
  EXPECT_TRUE(fs::exists(repo() / ".no_exist" / kCommitA / "model.safetensors"));
  hub_.server().forget();
  EXPECT_EQ(resolve(), folder);
  EXPECT_THAT(hub_.server().lines(), ElementsAre(kAsksForMain));
}

TEST_F(HubTest, AMovedBranchGetsANewSnapshotAndSharesBlobs) {
  const fs::path first = resolve();
  auto files = model_files();
  files["config.json"] = small_file("{\"model_type\":\"bert\"}", "3967ff7fee9d40eb77abadd6a292230496ca9f24");
  hub_.commit("main", kCommitB, files);
  hub_.server().forget();
  EXPECT_EQ(resolve(), snapshot(kCommitB));
  EXPECT_EQ(hub_.server().count(kAsksForMain), 1);
  EXPECT_EQ(read_file(snapshot(kCommitB) / "config.json"), "{\"model_type\":\"bert\"}");
  EXPECT_EQ(read_file(repo() / "refs/main"), kCommitB);
  EXPECT_EQ(read_file(first / "config.json"), "{\"model_type\":\"modernbert\"}");
  EXPECT_EQ(hub_.server().count(std::string("GET /org/model/resolve/") + kCommitB + "/model.safetensors"), 0);
}

// What is in the cache is used, with a warning, where the hub cannot say whether the branch has moved.
TEST_F(HubTest, ABranchInTheCacheNeedsNoHub) {
  const fs::path first = resolve();
  for (const int status : {401, 404, 429, 500, 503}) {
    hub_.intercept(
        [&](const testing::ServerRequest&, size_t) { return testing::ServerAnswer{.status = status}; });
    hub_.server().forget();
    const Warnings warnings;
    EXPECT_EQ(resolve(), first) << status;
    EXPECT_THAT(hub_.server().lines(), ElementsAre(kAsksForMain)) << status;  // one try
    EXPECT_THAT(warnings.lines(), ElementsAre(AllOf(HasSubstr("org/model@main: using the copy in the cache"),
                                                    HasSubstr(kCommitA))))
        << status;
  }
}

TEST_F(HubTest, ABranchInTheCacheDoesNotWaitLongForASilentHub) {
  const fs::path first = resolve();
  hub_.intercept([](const testing::ServerRequest&, size_t) { return testing::ServerAnswer{.hang = true}; });
  const Warnings warnings;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(resolve(), first);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(warnings.lines().size(), 1u);
}

TEST_F(HubTest, ABranchInTheCacheIsUsedWhereNobodyListens) {
  const fs::path first = resolve();
  HubOptions unreachable = options();
  unreachable.endpoint = "http://127.0.0.1:1";
  const Warnings warnings;
  EXPECT_EQ(resolve_model("org/model", unreachable), first);
  EXPECT_EQ(warnings.lines().size(), 1u);
}

TEST_F(HubTest, AnAnswerThatIsNoListingIsNoReasonToFail) {
  const fs::path first = resolve();
  hub_.intercept(
      [](const testing::ServerRequest&, size_t) { return testing::ServerAnswer{.body = "<html>"}; });
  const Warnings warnings;
  EXPECT_EQ(resolve(), first);
  EXPECT_EQ(warnings.lines().size(), 1u);
}

// The new commit's files cannot be had: the old snapshot is whole, and the branch stays there.
TEST_F(HubTest, AMoveThatCannotBeFollowedLeavesTheOldSnapshot) {
  const fs::path first = resolve();
  auto files = model_files();
  files["config.json"] = small_file("{\"model_type\":\"bert\"}", "3967ff7fee9d40eb77abadd6a292230496ca9f24");
  hub_.commit("main", kCommitB, files);
  hub_.intercept([](const testing::ServerRequest& request, size_t) -> std::optional<testing::ServerAnswer> {
    if (request.target.find("config.json") == std::string::npos) return std::nullopt;
    return testing::ServerAnswer{.status = 403};
  });
  const Warnings warnings;
  EXPECT_EQ(resolve(), first);
  EXPECT_EQ(warnings.lines().size(), 1u);
  EXPECT_EQ(read_file(repo() / "refs/main"), kCommitA);
  hub_.intercept({});
  EXPECT_EQ(resolve(), snapshot(kCommitB));
}

TEST_F(HubTest, AMoveThatCannotBeWrittenLeavesTheOldSnapshot) {
  const fs::path first = resolve();
  auto files = model_files();
  files["config.json"] = small_file("{\"model_type\":\"bert\"}", "3967ff7fee9d40eb77abadd6a292230496ca9f24");
  hub_.commit("main", kCommitB, files);
  write_file_atomically(repo() / "snapshots" / kCommitB, "a file where a folder should be");
  const Warnings warnings;
  EXPECT_EQ(resolve(), first);
  EXPECT_EQ(warnings.lines().size(), 1u);
}

TEST_F(HubTest, ResolvesTagsAndCommits) {
  hub_.commit("v1", kCommitB, model_files());
  EXPECT_EQ(resolve("org/model@v1"), snapshot(kCommitB));
  EXPECT_EQ(read_file(repo() / "refs/v1"), kCommitB);
  EXPECT_EQ(resolve(std::string("org/model@") + kCommitA), snapshot(kCommitA));
  EXPECT_FALSE(fs::exists(repo() / "refs" / kCommitA));
}

TEST_F(HubTest, EncodesTheSlashesOfARevision) {
  EXPECT_ERROR(resolve("org/model@refs/pr/7"), ErrorCode::kNotFound, HasSubstr("refs/pr/7"));
  EXPECT_EQ(hub_.server().count("GET /api/models/org/model/revision/refs%2Fpr%2F7"), 1);
}

TEST_F(HubTest, OfflineUsesTheCacheOnly) {
  HubOptions offline = options();
  offline.offline = true;
  EXPECT_ERROR(resolve_model("org/model", offline), ErrorCode::kNotFound,
               AllOf(HasSubstr("org/model@main"), HasSubstr("offline"), HasSubstr(cache().string())));
  EXPECT_THAT(hub_.server().lines(), IsEmpty());
  const fs::path folder = resolve();
  hub_.server().forget();
  EXPECT_EQ(resolve_model("org/model", offline), folder);
  fs::remove(folder / "model.safetensors");  // still enough for a tokenizer
  EXPECT_EQ(resolve_model("org/model", offline), folder);
  EXPECT_THAT(hub_.server().lines(), IsEmpty());
}

TEST_F(HubTest, IgnoresARefThatPointsOutside) {
  const fs::path elsewhere = cache() / "elsewhere";
  fs::create_directories(elsewhere);
  for (const auto& [name, file] : model_files()) write_file_atomically(elsewhere / name, file.content);
  fs::create_directories(repo() / "refs");
  write_file_atomically(repo() / "refs/main", "../../elsewhere");
  EXPECT_EQ(resolve(), snapshot(kCommitA));
}

TEST_F(HubTest, ReportsProgressPerFile) {
  std::map<std::string, std::pair<uint64_t, uint64_t>> last;
  HubOptions with_progress = options();
  with_progress.progress = [&](std::string_view file, uint64_t done, uint64_t total) {
    EXPECT_GE(done, last[std::string(file)].first);
    last[std::string(file)] = {done, total};
  };
  resolve_model("org/model", with_progress);
  EXPECT_EQ(last.at("model.safetensors"), std::make_pair(uint64_t{300'000}, uint64_t{300'000}));
  EXPECT_EQ(last.at("config.json").second, 27);
}

TEST_F(HubTest, ManyAtOnceFetchEachBlobOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] { EXPECT_EQ(resolve(), snapshot(kCommitA)); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hub_.server().count(std::string("GET /org/model/resolve/") + kCommitA + "/model.safetensors"), 1);
  EXPECT_EQ(read_file(snapshot(kCommitA) / "model.safetensors"), weights_content());
}

TEST_F(HubTest, ReportsACacheThatCannotBeWritten) {
  write_file_atomically(cache(), "a file where the cache should be");
  EXPECT_ERROR(resolve(), ErrorCode::kIo, HasSubstr(cache().string()));
}

}  // namespace
}  // namespace modernbert
