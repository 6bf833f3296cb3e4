// The status line of work whose amount is known: a bar, how much is done, how fast, how long it still takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace modernbert::cli {

// "[######          ]" and the share in percent.
std::string progress_bar(double share);

// Not thread-safe.
class ByteProgress {
 public:
  // label: what is being done. total: bytes of all of it.
  ByteProgress(std::string label, uint64_t total, bool wanted);
  ~ByteProgress();
  ByteProgress(const ByteProgress&) = delete;
  ByteProgress& operator=(const ByteProgress&) = delete;

  // done: bytes so far. skipped: those of them that took no work, such as what an earlier run has finished;
  // they do not count for the speed. note: put at the end.
  void show(uint64_t done, const std::string& note = "", uint64_t skipped = 0) const;

 private:
  std::string label_;
  uint64_t total_;
  bool wanted_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace modernbert::cli
