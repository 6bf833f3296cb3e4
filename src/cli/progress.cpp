#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/status.h"

namespace modernbert::cli {
namespace {

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

std::string progress_bar(double share) {
  constexpr int kWidth = 30;
  const auto filled = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * kWidth);
  return fmt::format("[{}{}] {:3.0f} %", std::string(filled, '#'), std::string(kWidth - filled, ' '),
                     100 * share);
}

ByteProgress::ByteProgress(std::string label, uint64_t total, bool wanted)
    : label_(std::move(label)), total_(total), wanted_(wanted && stderr_is_terminal()) {}

ByteProgress::~ByteProgress() {
  if (wanted_) clear_status();
}

void ByteProgress::show(uint64_t done, const std::string& note, uint64_t skipped) const {
  if (!wanted_ || total_ == 0) return;
  constexpr double kMegabyte = 1e6;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double speed = static_cast<double>(done - skipped) / std::max(seconds, 1e-3);
  const double left = speed > 0 ? static_cast<double>(total_ - std::min(done, total_)) / speed : 0;
  show_status(fmt::format("{}  {}  {:.1f} of {:.1f} MB  {:.1f} MB/s  {} left{}{}", label_,
                          progress_bar(static_cast<double>(done) / static_cast<double>(total_)),
                          static_cast<double>(done) / kMegabyte, static_cast<double>(total_) / kMegabyte,
                          speed / kMegabyte, duration(left), note.empty() ? "" : "  ", note));
}

}  // namespace modernbert::cli
