#include "core/default_threads.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

namespace modernbert {
namespace {

// Sets a variable of the environment while it lives.   value: null = takes it away.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) saved_ = before;
    set(value);
  }
  ~Variable() { set(saved_ ? saved_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const {
    value == nullptr ? unsetenv(name_) : setenv(name_, value, /*overwrite=*/1);
  }

  const char* name_;
  std::optional<std::string> saved_;
};

TEST(DefaultThreads, AreNoMoreThanProcessors) {
  const Variable wanted("OMP_NUM_THREADS", nullptr), limit("OMP_THREAD_LIMIT", nullptr);
  EXPECT_GE(default_threads(), 1);
  EXPECT_LE(default_threads(), static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_LE(default_threads(2), default_threads());
}

TEST(DefaultThreads, AreThoseOfTheEnvironment) {
  const Variable limit("OMP_THREAD_LIMIT", nullptr);
  const Variable wanted("OMP_NUM_THREADS", "7,2");
  EXPECT_EQ(default_threads(), 7);
  EXPECT_EQ(default_threads(4), 7);
  EXPECT_EQ(choose_threads(0), 7);
  EXPECT_EQ(choose_threads(3), 3);
  const Variable less("OMP_THREAD_LIMIT", "5");
  EXPECT_EQ(default_threads(), 5);
  const Variable nonsense("OMP_NUM_THREADS", "many");
  EXPECT_LE(default_threads(), static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace
}  // namespace modernbert
