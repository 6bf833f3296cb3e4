// Messages of the library: it never prints, it calls the one callback that the program sets.
#pragma once

#include <functional>
#include <string_view>

namespace modernbert {

enum class LogLevel { kDebug, kInfo, kWarning };

using LogCallback = std::function<void(LogLevel, std::string_view message)>;

// Replaces the callback; an empty one (the default) drops messages. Thread-safe; the callback is never called
// by two threads at once.
void set_log_callback(LogCallback callback);

}  // namespace modernbert
