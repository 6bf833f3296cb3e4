// How the program fails: one line on standard error and an exit code. Nothing else decides either.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "modernbert/error.h"

namespace modernbert::cli {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

// The command line itself is wrong.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The reader of our standard output has gone (`| head -1`): nothing is left to do and nothing went wrong.
class ClosedPipe {};

int exit_code(ErrorCode code);

// Inside a catch block: prints the current exception as `modernbert: …` on standard error.
// Returns the exit code.
int report_current_exception();

// The text on one line: line breaks and other control characters become escapes.
std::string on_one_line(std::string_view text);

}  // namespace modernbert::cli
