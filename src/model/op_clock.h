// Where a forward pass spends its time: one thread's seconds by op. Off unless asked for; switched on it
// costs a look at the clock per op and tile.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace modernbert {

enum class CpuOp { kEmbed, kNorm, kQkv, kAttention, kAttnOut, kMlpIn, kMlpOut, kConvert, kWait };
inline constexpr std::array<std::string_view, 9> kCpuOpNames = {
    "embed", "norm", "Wqkv", "attention", "attn.Wo", "mlp.Wi", "mlp.Wo", "convert", "wait"};

class OpClock {
 public:
  using Seconds = std::array<double, kCpuOpNames.size()>;

  // Forgets what it has counted.
  void switch_on() {
    is_on_ = true;
    seconds_ = {};
  }
  void start() {
    if (is_on_) last_ = Clock::now();
  }
  // The time since the last mark or start was spent on `op`.
  void mark(CpuOp op) {
    if (!is_on_) return;
    const Clock::time_point now = Clock::now();
    seconds_[static_cast<size_t>(op)] += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }
  const Seconds& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  bool is_on_ = false;
  Clock::time_point last_;
  Seconds seconds_ = {};
};

}  // namespace modernbert
