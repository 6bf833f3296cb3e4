#include "core/logging.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace modernbert {
namespace {

class Logging : public ::testing::Test {
 protected:
  void TearDown() override { set_log_callback({}); }
};

TEST_F(Logging, GoesToTheCallbackAndNowhereElse) {
  std::vector<std::string> messages;
  log_warning("dropped: nobody listens");
  set_log_callback([&](LogLevel level, std::string_view message) {
    messages.push_back((level == LogLevel::kWarning ? "warning " : "info ") + std::string(message));
  });
  log_warning("{} tokens were cut", 3);
  log_info("loaded");
  set_log_callback({});
  log_warning("dropped again");
  EXPECT_EQ(messages, (std::vector<std::string>{"warning 3 tokens were cut", "info loaded"}));
}

TEST_F(Logging, CallsTheCallbackFromOneThreadAtATime) {
  int count = 0;  // unguarded on purpose
  set_log_callback([&](LogLevel, std::string_view) { ++count; });
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 500; ++i) log_info("message");
    });
  }
  threads.clear();
  EXPECT_EQ(count, 2000);
}

}  // namespace
}  // namespace modernbert
