// A hub on loopback, an empty cache, and an environment without the variables that the hub client reads.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/file.h"
#include "hub/fake_hub.h"
#include "modernbert/error.h"
#include "modernbert/hub.h"

namespace modernbert::testing {

// Removed with all that is in it at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "modernbert_hub_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Sets (or with nullopt, unsets) variables and restores them at the end.
class ScopedEnvironment {
 public:
  void set(const std::string& name, const std::optional<std::string>& value) {
    const char* old = std::getenv(name.c_str());
    saved_.try_emplace(name, old ? std::optional<std::string>(old) : std::nullopt);
    apply(name, value);
  }
  ~ScopedEnvironment() {
    for (const auto& [name, value] : saved_) apply(name, value);
  }

 private:
  static void apply(const std::string& name, const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name.c_str());
    }
  }
  std::map<std::string, std::optional<std::string>> saved_;
};

// Clears every variable that the hub client reads and keeps loopback away from a proxy.
inline void isolate_environment(ScopedEnvironment& environment) {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HF_TOKEN",
                           "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT", "HF_HUB_OFFLINE",
                           "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "http_proxy"}) {
    environment.set(name, std::nullopt);
  }
  environment.set("no_proxy", "127.0.0.1");
}

// Runs `action`; its Error, or nullopt where it throws none.
template <class Action>
std::optional<Error> error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

#define EXPECT_ERROR(action, expected_code, message_matcher)                                      \
  do {                                                                                            \
    const auto error = ::modernbert::testing::error_of([&] { action; });                          \
    ASSERT_TRUE(error.has_value()) << "no error from " << #action;                                \
    EXPECT_EQ(static_cast<int>(error->code()), static_cast<int>(expected_code)) << error->what(); \
    EXPECT_THAT(std::string(error->what()), message_matcher);                                     \
  } while (false)

// Digests below come from git and Python, not from the code under test.
inline constexpr const char* kCommitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
inline constexpr const char* kCommitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
inline constexpr const char* kWeightsSha = "d08928a168952dcd1f23061570816ee3b9d5c5c01ec65e00adbda68d328f4dbb";
inline constexpr const char* kConfigBlob = "f41bda4a6257261931c69777183729380159fe18";
inline constexpr const char* kTokenizerBlob = "22ec89ab90889036bc14d5b1bb6109974ef95582";

// 300,000 bytes that do not repeat with a short period.
inline std::string weights_content() {
  std::string content(300'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>((i * 7 + i / 256) % 256);
  return content;
}

inline std::map<std::string, FakeFile> model_files() {
  return {{"config.json", small_file("{\"model_type\":\"modernbert\"}", kConfigBlob)},
          {"tokenizer.json", small_file("{\"version\":\"1.0\"}", kTokenizerBlob)},
          {"model.safetensors", large_file(weights_content(), kWeightsSha)}};
}

class HubTest : public ::testing::Test {
 protected:
  HubTest() {
    isolate_environment(environment_);
    environment_.set("HOME", temporary_.path().string());
    hub_.commit("main", kCommitA, model_files());
  }

  HubOptions options() const {
    HubOptions options;
    options.endpoint = hub_.url();
    options.cache = cache();
    return options;
  }
  std::filesystem::path cache() const { return temporary_.path() / "cache"; }
  std::filesystem::path repo() const { return cache() / "models--org--model"; }
  std::filesystem::path snapshot(const std::string& commit) const { return repo() / "snapshots" / commit; }
  std::filesystem::path resolve(const std::string& spec = "org/model") const {
    return resolve_model(spec, options());
  }

  ScopedEnvironment environment_;
  TemporaryFolder temporary_;
  FakeHub hub_;
};

}  // namespace modernbert::testing
