// What goes wrong on the way: broken connections, wrong content, refusals, hostile answers.
#include "hub/downloader.h"
#include "hub/hub_fixture.h"
#include "hub/settings.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::FakeHub;
using ::testing::HasSubstr;
using testing::HubTest;
using testing::kCommitA;
using testing::kWeightsSha;
using testing::large_file;
using testing::model_files;
using ::testing::Not;
using testing::ServerAnswer;
using testing::ServerRequest;
using testing::small_file;
using testing::TestServer;
using testing::weights_content;

const std::string kWeightsGet = std::string("GET /org/model/resolve/") + kCommitA + "/model.safetensors";

bool is_weights_get(const ServerRequest& request) {
  return request.method + " " + request.target == kWeightsGet;
}

class DownloadTest : public HubTest {
 protected:
  fs::path incomplete() const { return repo() / "blobs" / (std::string(kWeightsSha) + ".incomplete"); }
  fs::path weights() const { return snapshot(kCommitA) / "model.safetensors"; }

  // Without the waits of resolve_model.
  void fetch(int tries = 3, const hub::HttpTimeouts& timeouts = {}) {
    const hub::HubSettings settings = hub::resolve_settings(options());
    const hub::ModelId id{"org/model", "main"};
    const hub::RepoCache cache(settings.cache, id.name);
    hub::HubClient client(settings, id, {.tries = tries, .first_wait = std::chrono::milliseconds(1)},
                          timeouts);
    hub::Downloader(client, cache, id, {}).fetch_snapshot();
  }
  void leave_partial(const std::string& content) {
    fs::create_directories(repo() / "blobs");
    write_file_atomically(incomplete(), content);
  }
  std::vector<std::string> ranges_of_weights() {
    std::vector<std::string> ranges;
    for (const ServerRequest& request : hub_.server().requests()) {
      if (is_weights_get(request)) ranges.push_back(request.has("range") ? request.headers.at("range") : "");
    }
    return ranges;
  }
  void expect_removed() {
    EXPECT_FALSE(fs::exists(incomplete()));
    EXPECT_FALSE(fs::exists(repo() / "blobs" / kWeightsSha));
    EXPECT_FALSE(fs::exists(weights()));
    EXPECT_FALSE(fs::exists(repo() / "refs/main"));
  }
};

TEST_F(DownloadTest, ContinuesAfterABrokenConnection) {
  hub_.intercept([](const ServerRequest& request, size_t n) -> std::optional<ServerAnswer> {
    if (!is_weights_get(request) || n != 1) return std::nullopt;
    return ServerAnswer{.headers = {}, .body = weights_content(), .break_after = 100'000};
  });
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
  EXPECT_THAT(ranges_of_weights(), ::testing::ElementsAre("", "bytes=100000-"));
}

TEST_F(DownloadTest, ContinuesWhatAnEarlierRunLeft) {
  leave_partial(weights_content().substr(0, 123'456));
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
  EXPECT_THAT(ranges_of_weights(), ::testing::ElementsAre("bytes=123456-"));
}

TEST_F(DownloadTest, UsesACompletePartialFileWithoutARequest) {
  leave_partial(weights_content());
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
  EXPECT_THAT(ranges_of_weights(), ::testing::IsEmpty());
}

TEST_F(DownloadTest, StartsAnewWhereTheServerIgnoresRanges) {
  leave_partial("xxxxx");
  hub_.intercept([](const ServerRequest& request, size_t) -> std::optional<ServerAnswer> {
    if (!is_weights_get(request)) return std::nullopt;
    return ServerAnswer{.headers = {}, .body = weights_content()};
  });
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
}

TEST_F(DownloadTest, StartsAnewAfterAnUnsatisfiableRange) {
  leave_partial("xxxxx");
  hub_.intercept([](const ServerRequest& request, size_t) -> std::optional<ServerAnswer> {
    if (!is_weights_get(request) || !request.has("range")) return std::nullopt;
    return ServerAnswer{.status = 416, .headers = {}, .body = ""};
  });
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
  EXPECT_THAT(ranges_of_weights(), ::testing::ElementsAre("bytes=5-", ""));
}

TEST_F(DownloadTest, DropsAPartialFileThatIsTooLong) {
  leave_partial(weights_content() + "more");
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
}

TEST_F(DownloadTest, RejectsARangeThatWasNotAskedFor) {
  leave_partial(weights_content().substr(0, 1000));
  hub_.intercept([](const ServerRequest& request, size_t) -> std::optional<ServerAnswer> {
    if (!is_weights_get(request)) return std::nullopt;
    return ServerAnswer{.status = 206,
                        .headers = {{"Content-Range", "bytes 2000-299999/300000"}},
                        .body = weights_content().substr(2000)};
  });
  EXPECT_ERROR(fetch(), ErrorCode::kInvalidFile, HasSubstr("Content-Range"));
}

TEST_F(DownloadTest, RejectsAWrongSha256) {
  auto files = model_files();
  files["model.safetensors"].content[200'000] ^= 1;
  hub_.commit("main", kCommitA, files);
  EXPECT_ERROR(fetch(), ErrorCode::kNetwork,
               AllOf(HasSubstr("sha256"), HasSubstr(kWeightsSha), HasSubstr("model.safetensors")));
  expect_removed();
}

TEST_F(DownloadTest, RejectsAWrongGitHash) {
  auto files = model_files();
  files["config.json"].content[3] ^= 1;
  hub_.commit("main", kCommitA, files);
  EXPECT_ERROR(fetch(), ErrorCode::kNetwork, AllOf(HasSubstr("git sha1"), HasSubstr("config.json")));
  EXPECT_FALSE(fs::exists(repo() / "blobs" / testing::kConfigBlob));
}

TEST_F(DownloadTest, RejectsContentOfAnotherSize) {
  auto files = model_files();
  files["model.safetensors"].size = 300'001;
  hub_.commit("main", kCommitA, files);
  EXPECT_ERROR(fetch(), ErrorCode::kNetwork, AllOf(HasSubstr("300000 bytes"), HasSubstr("300001")));
  expect_removed();
  files["model.safetensors"].size = 1000;
  hub_.commit("main", kCommitA, files);
  EXPECT_ERROR(fetch(), ErrorCode::kInvalidFile, HasSubstr("more than the 1000 bytes"));
  expect_removed();
}

TEST_F(DownloadTest, TriesAgainAfterAServerError) {
  hub_.intercept([](const ServerRequest&, size_t n) -> std::optional<ServerAnswer> {
    if (n == 1) return ServerAnswer{.status = 500, .headers = {}, .body = "busy"};
    return std::nullopt;
  });
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
}

TEST_F(DownloadTest, GivesUpAfterSomeTries) {
  hub_.intercept([](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
    return ServerAnswer{.status = 503, .headers = {}, .body = ""};
  });
  EXPECT_ERROR(fetch(), ErrorCode::kNetwork, AllOf(HasSubstr("503"), HasSubstr("org/model@main")));
  EXPECT_EQ(hub_.server().lines().size(), 3);
}

TEST_F(DownloadTest, GivesUpOnASilentServer) {
  hub_.intercept([](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
    return ServerAnswer{.headers = {}, .body = "", .break_after = {}, .hang = true};
  });
  EXPECT_ERROR(fetch(1, {.connect = std::chrono::seconds(1), .stall = std::chrono::seconds(1)}),
               ErrorCode::kNetwork, HasSubstr("org/model"));
}

TEST_F(DownloadTest, ReportsAnEndpointThatDoesNotListen) {
  HubOptions nowhere = options();
  {
    const TestServer closed([](const ServerRequest&) { return ServerAnswer{}; });
    nowhere.endpoint = closed.url();
  }
  EXPECT_ERROR(resolve_model("org/model", nowhere), ErrorCode::kNetwork, HasSubstr(nowhere.endpoint));
}

TEST_F(DownloadTest, SaysThatATokenIsNeeded) {
  for (const int status : {401, 403}) {
    hub_.intercept([status](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
      return ServerAnswer{.status = status, .headers = {{"X-Error-Code", "GatedRepo"}}, .body = ""};
    });
    EXPECT_ERROR(fetch(), ErrorCode::kNetwork,
                 AllOf(HasSubstr("HF_TOKEN"), HasSubstr(std::to_string(status))));
  }
  EXPECT_EQ(hub_.server().lines().size(), 2);  // not tried again
}

TEST_F(DownloadTest, NeverPrintsTheToken) {
  environment_.set("HF_TOKEN", "hf_secret");
  hub_.intercept([](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
    return ServerAnswer{.status = 403, .headers = {}, .body = ""};
  });
  EXPECT_ERROR(fetch(), ErrorCode::kNetwork, AllOf(HasSubstr("check it"), Not(HasSubstr("hf_secret"))));
}

TEST_F(DownloadTest, NamesTheModelAndRevisionThatDoNotExist) {
  EXPECT_ERROR(resolve("org/other@v9"), ErrorCode::kNotFound,
               AllOf(HasSubstr("org/other@v9"), HasSubstr(hub_.url())));
  EXPECT_ERROR(resolve("org/model@v9"), ErrorCode::kNotFound, HasSubstr("org/model@v9"));
  hub_.intercept([](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
    return ServerAnswer{.status = 401, .headers = {{"X-Error-Code", "RepoNotFound"}}, .body = ""};
  });
  EXPECT_ERROR(fetch(), ErrorCode::kNotFound, AllOf(HasSubstr("org/model"), HasSubstr("private")));
}

TEST_F(DownloadTest, SendsTheTokenToTheHubAlone) {
  TestServer storage([this](const ServerRequest& request) { return hub_.storage_answer(request); });
  hub_.redirect_large_files_to(storage.url());
  environment_.set("HF_TOKEN", "hf_secret");
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
  for (const ServerRequest& request : hub_.server().requests()) {
    EXPECT_EQ(request.headers.at("authorization"), "Bearer hf_secret") << request.target;
  }
  ASSERT_EQ(storage.requests().size(), 1);  // the GET alone: HEAD ends at the hub
  EXPECT_FALSE(storage.requests()[0].has("authorization"));
}

TEST_F(DownloadTest, ContinuesFromStorage) {
  TestServer storage([this](const ServerRequest& request) { return hub_.storage_answer(request); });
  hub_.redirect_large_files_to(storage.url());
  leave_partial(weights_content().substr(0, 1000));
  fetch();
  EXPECT_EQ(read_file(weights()), weights_content());
  EXPECT_EQ(storage.requests().at(0).headers.at("range"), "bytes=1000-");
}

TEST_F(DownloadTest, FollowsARenamedRepository) {
  hub_.intercept([](const ServerRequest& request, size_t) -> std::optional<ServerAnswer> {
    const size_t old_name = request.target.find("org/old");
    if (old_name == std::string::npos) return std::nullopt;
    std::string target = request.target;
    return ServerAnswer{
        .status = 307, .headers = {{"Location", target.replace(old_name, 7, "org/model")}}, .body = ""};
  });
  const fs::path folder = resolve("org/old");
  EXPECT_EQ(folder, cache() / "models--org--old/snapshots" / kCommitA);
  EXPECT_EQ(read_file(folder / "model.safetensors"), weights_content());
}

TEST_F(DownloadTest, RefusesEndlessAndForeignRedirects) {
  for (const char* location : {"/loop", "file:///etc/passwd", "ftp://127.0.0.1/x"}) {
    hub_.intercept([&](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
      return ServerAnswer{.status = 302, .headers = {{"Location", location}}, .body = ""};
    });
    EXPECT_ERROR(fetch(), ErrorCode::kNetwork, HasSubstr(hub_.url().substr(7, 9)));
  }
}

TEST_F(DownloadTest, RejectsHostileFileNames) {
  for (const char* name : {"../../escape.json", "/etc/escape.json", "a\\\\escape.json"}) {
    hub_.intercept([&](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
      return ServerAnswer{.headers = {},
                          .body = std::string("{\"sha\":\"") + kCommitA +
                                  "\",\"siblings\":[{\"rfilename\":\"model.safetensors\"},{\"rfilename\":\"" +
                                  name + "\"}]}"};
    });
    EXPECT_ERROR(fetch(), ErrorCode::kInvalidFile, HasSubstr("escape.json"));
  }
  EXPECT_FALSE(fs::exists(cache()));
}

TEST_F(DownloadTest, RejectsMalformedListings) {
  for (const char* body :
       {"", "{", "[]", "null", "{\"sha\":\"../..\",\"siblings\":[]}", "{\"siblings\":[]}",
        "{\"sha\":\"abc\"}", "{\"sha\":\"abc\",\"siblings\":{}}", "{\"sha\":\"abc\",\"siblings\":[1]}",
        "{\"sha\":\"abc\",\"siblings\":[{\"rfilename\":7}]}", "{\"sha\":\"abc\",\"siblings\":[{}]}"}) {
    hub_.intercept([&](const ServerRequest&, size_t) -> std::optional<ServerAnswer> {
      return ServerAnswer{.headers = {}, .body = body};
    });
    EXPECT_ERROR(fetch(), ErrorCode::kInvalidFile, HasSubstr("org/model"));
  }
}

TEST_F(DownloadTest, RejectsAnEtagThatIsNoFileName) {
  auto files = model_files();
  for (const char* etag : {"../../x", "", "a b"}) {
    files["config.json"].etag = etag;
    hub_.commit("main", kCommitA, files);
    EXPECT_ERROR(fetch(), ErrorCode::kInvalidFile, HasSubstr("ETag"));
  }
}

TEST_F(DownloadTest, RejectsTheAnswerForAnotherCommit) {
  hub_.intercept([](const ServerRequest& request, size_t) -> std::optional<ServerAnswer> {
    if (request.method != "HEAD") return std::nullopt;
    return ServerAnswer{.headers = {{"ETag", "\"x\""}, {"X-Repo-Commit", testing::kCommitB}}, .body = ""};
  });
  EXPECT_ERROR(fetch(), ErrorCode::kInvalidFile, HasSubstr(testing::kCommitB));
}

TEST_F(DownloadTest, FetchesNothingFromARepositoryWithoutSafetensors) {
  auto files = model_files();
  files["pytorch_model.bin"] = files["model.safetensors"];
  files.erase("model.safetensors");
  hub_.commit("main", kCommitA, files);
  EXPECT_ERROR(fetch(), ErrorCode::kUnsupported, HasSubstr("save_pretrained"));
  EXPECT_EQ(hub_.server().lines().size(), 1);
}

}  // namespace
}  // namespace modernbert
