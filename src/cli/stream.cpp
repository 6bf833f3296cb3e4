#include "cli/stream.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "cli/status.h"

namespace modernbert::cli {
namespace {

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

StreamProgress::StreamProgress(const Input& input, bool wanted)
    : input_(input),
      shown_(wanted && input.is_stream() && stderr_is_terminal()),
      start_seconds_(now_seconds()) {}

StreamProgress::~StreamProgress() {
  if (shown_) clear_status();
}

std::string about(const std::string& place, const std::string& message) {
  for (const std::string_view subject : {"text 0 ", "question 0 "}) {
    if (message.starts_with(subject)) return place + " " + message.substr(subject.size());
  }
  return place + ": " + message;
}

void StreamProgress::add(size_t items) {
  done_ += items;
  if (!shown_) return;
  const double seconds = now_seconds() - start_seconds_;
  std::string line = fmt::format("{} inputs, {:.1f}/s", done_, static_cast<double>(done_) / seconds);
  if (const auto share = input_.share_read()) line += fmt::format(", {:.0f} %", 100 * *share);
  show_status(line);
}

}  // namespace modernbert::cli
