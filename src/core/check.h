// Checks of our own invariants. MB_CHECK: always, once per call. MB_DCHECK: debug builds, per element.
#pragma once

#include "modernbert/error.h"

namespace modernbert {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace modernbert

#define MB_CHECK(condition) \
  ((condition) ? (void)0 : ::modernbert::check_failed(#condition, __FILE__, __LINE__))
#ifdef NDEBUG
#define MB_DCHECK(condition) ((void)sizeof(condition))
#else
#define MB_DCHECK(condition) MB_CHECK(condition)
#endif
