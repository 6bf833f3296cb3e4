#include "cli/status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "cli/failure.h"

namespace modernbert::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
constexpr const char* kEraseLine = "\r\x1b[K";

std::mutex g_mutex;  // guards what follows and standard error
bool g_status_shown = false;
Clock::time_point g_last_drawn;

void write_stderr(const std::string& text) {
  // Where standard error is gone there is nobody to tell.
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

void erase_status() {
  if (!g_status_shown) return;
  g_status_shown = false;
  write_stderr(kEraseLine);
}

}  // namespace

bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

void print_note(std::string_view line) {
  const std::lock_guard lock(g_mutex);
  erase_status();
  write_stderr("modernbert: " + on_one_line(line) + "\n");
}

void show_status(std::string_view line) {
  const std::lock_guard lock(g_mutex);
  const Clock::time_point now = Clock::now();
  if (!stderr_is_terminal() || now - g_last_drawn < kRedrawInterval) return;
  g_last_drawn = now;
  g_status_shown = true;
  write_stderr(kEraseLine + on_one_line(line));
}

void clear_status() {
  const std::lock_guard lock(g_mutex);
  erase_status();
}

}  // namespace modernbert::cli
