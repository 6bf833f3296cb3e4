// Where tests find files: the project's own, and the optional reference data beside the checkout.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace modernbert::testing {

inline std::filesystem::path source_dir() {
  return MODERNBERT_SOURCE_DIR;
}

// MODERNBERT_SHARED, else ../shared beside the checkout; may not exist.
inline std::filesystem::path shared_dir() {
  const char* override_path = std::getenv("MODERNBERT_SHARED");
  return override_path ? std::filesystem::path(override_path) : source_dir().parent_path() / "shared";
}

}  // namespace modernbert::testing

// Skips the test with a clear message unless the path exists.
#define MB_SKIP_UNLESS_EXISTS(path)   \
  if (!std::filesystem::exists(path)) \
  GTEST_SKIP() << "needs " << (path).string() << ", which is not on this machine"
