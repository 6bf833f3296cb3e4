// What a call throws, as values a test can compare.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "modernbert/error.h"

namespace modernbert::testing {

struct Thrown {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

// Fails the test if `action` does not throw an Error.
template <class Action>
Thrown thrown_by(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace modernbert::testing
