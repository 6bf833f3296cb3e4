// fail(code, format, …): throws an Error with a formatted message.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "modernbert/error.h"

namespace modernbert {

template <class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace modernbert
