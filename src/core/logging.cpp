#include "core/logging.h"

#include <mutex>

namespace modernbert {
namespace {

struct Sink {
  std::mutex mutex;
  LogCallback callback;
};

Sink& sink() {
  static Sink instance;
  return instance;
}

}  // namespace

void set_log_callback(LogCallback callback) {
  std::lock_guard lock(sink().mutex);
  sink().callback = std::move(callback);
}

void log_message(LogLevel level, std::string_view message) {
  std::lock_guard lock(sink().mutex);
  if (sink().callback) sink().callback(level, message);
}

}  // namespace modernbert
