// The library's side of modernbert/log.h.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "modernbert/log.h"

namespace modernbert {

void log_message(LogLevel level, std::string_view message);

template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace modernbert
