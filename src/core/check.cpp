#include "core/check.h"

#include <fmt/format.h>

#include <cstring>

namespace modernbert {

void check_failed(const char* condition, const char* file, int line) {
  const char* slash = std::strrchr(file, '/');
  throw Error(ErrorCode::kInternal,
              fmt::format("internal error at {}:{}: {}", slash ? slash + 1 : file, line, condition));
}

}  // namespace modernbert
