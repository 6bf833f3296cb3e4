#include "hub/settings.h"

#include "hub/hub_fixture.h"

namespace modernbert::hub {
namespace {

using ::testing::HasSubstr;
using testing::ScopedEnvironment;
using testing::TemporaryFolder;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    testing::isolate_environment(environment_);
    environment_.set("HOME", home_.path().string());
  }
  ScopedEnvironment environment_;
  TemporaryFolder home_;
};

TEST_F(SettingsTest, DefaultsToThePublicHubAndTheHomeFolder) {
  const HubSettings settings = resolve_settings({});
  EXPECT_EQ(settings.endpoint, "https://huggingface.co");
  EXPECT_EQ(settings.cache, home_.path() / ".cache/huggingface/hub");
  EXPECT_EQ(settings.token, "");
  EXPECT_FALSE(settings.offline);
}

TEST_F(SettingsTest, FindsTheCacheInTheOrderOfTheVariables) {
  environment_.set("XDG_CACHE_HOME", "/xdg");
  EXPECT_EQ(resolve_settings({}).cache, "/xdg/huggingface/hub");
  environment_.set("HF_HOME", "/hf");
  EXPECT_EQ(resolve_settings({}).cache, "/hf/hub");
  environment_.set("HUGGINGFACE_HUB_CACHE", "/old");
  EXPECT_EQ(resolve_settings({}).cache, "/old");
  environment_.set("HF_HUB_CACHE", "~/new");
  EXPECT_EQ(resolve_settings({}).cache, home_.path() / "new");
  HubOptions options;
  options.cache = "/option";
  EXPECT_EQ(resolve_settings(options).cache, "/option");
}

TEST_F(SettingsTest, FindsTheTokenInTheOrderOfTheVariables) {
  std::filesystem::create_directories(home_.path() / ".cache/huggingface");
  write_file_atomically(home_.path() / ".cache/huggingface/token", "from_default_file\n");
  EXPECT_EQ(resolve_settings({}).token, "from_default_file");
  write_file_atomically(home_.path() / "elsewhere", " from_file \r\n");
  environment_.set("HF_TOKEN_PATH", (home_.path() / "elsewhere").string());
  EXPECT_EQ(resolve_settings({}).token, "from_file");
  environment_.set("HF_TOKEN", "from_variable");
  EXPECT_EQ(resolve_settings({}).token, "from_variable");
  HubOptions options;
  options.token = "from_option";
  EXPECT_EQ(resolve_settings(options).token, "from_option");
  environment_.set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  EXPECT_EQ(resolve_settings({}).token, "");
}

TEST_F(SettingsTest, RejectsATokenThatWouldEndItsHeaderLine) {
  environment_.set("HF_TOKEN", "abc\r\nX-Evil: 1");
  EXPECT_ERROR(resolve_settings({}), ErrorCode::kInvalidArgument, HasSubstr("token"));
}

TEST_F(SettingsTest, TakesTheEndpointWithoutItsSlash) {
  environment_.set("HF_ENDPOINT", "http://mirror.example/");
  EXPECT_EQ(resolve_settings({}).endpoint, "http://mirror.example");
  environment_.set("HF_ENDPOINT", "file:///etc");
  EXPECT_ERROR(resolve_settings({}), ErrorCode::kInvalidArgument, HasSubstr("file:///etc"));
}

TEST_F(SettingsTest, ReadsTheOfflineSwitch) {
  for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
    for (const char* value : {"1", "true", "YES", "On"}) {
      environment_.set(name, value);
      EXPECT_TRUE(resolve_settings({}).offline) << name << "=" << value;
    }
    environment_.set(name, "0");
    EXPECT_FALSE(resolve_settings({}).offline) << name;
  }
  environment_.set("HF_HUB_OFFLINE", "1");
  HubOptions options;
  options.offline = false;
  EXPECT_FALSE(resolve_settings(options).offline);
}

}  // namespace
}  // namespace modernbert::hub
