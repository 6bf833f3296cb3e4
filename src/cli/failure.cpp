#include "cli/failure.h"

#include <fmt/format.h>

#include <new>

#include "cli/status.h"

namespace modernbert::cli {
namespace {

int report(std::string_view message, int code) {
  print_note(message);
  return code;
}

}  // namespace

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kInvalidFile:
    case ErrorCode::kUnsupported:
    case ErrorCode::kIo:
    case ErrorCode::kNetwork:
    case ErrorCode::kInternal:
      return kExitFailure;
  }
  return kExitFailure;
}

int report_current_exception() {
  try {
    throw;
  } catch (const ClosedPipe&) {
    return kExitSuccess;
  } catch (const UsageError& error) {
    return report(error.what(), kExitUsage);
  } catch (const Error& error) {
    return report(error.what(), exit_code(error.code()));
  } catch (const std::bad_alloc&) {
    return report("out of memory", kExitFailure);
  } catch (const std::exception& error) {
    return report(fmt::format("internal error: {}", error.what()), exit_code(ErrorCode::kInternal));
  }
}

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace modernbert::cli
