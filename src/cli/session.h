// A loaded model for the length of one command, and the account of what it did (--stats).
#pragma once

#include <chrono>

#include "cli/byte_writer.h"
#include "cli/model_options.h"
#include "modernbert/model.h"

namespace modernbert::cli {

// Not thread-safe.
class Session {
 public:
  explicit Session(const ModelOptions& options);

  const Model& model() const { return model_; }
  // Whether a status line may run while answers go to `out`.
  bool progress_wanted(const ByteWriter& out) const { return !options_.folder.quiet && !out.is_terminal(); }

  // Calls a task; only time spent in here counts as the model's.
  template <class Call>
  auto timed(const Call& call) {
    const Clock::time_point start = Clock::now();
    if (first_start_ == Clock::time_point()) first_start_ = start;
    auto result = call();
    last_end_ = Clock::now();
    seconds_ += std::chrono::duration<double>(last_end_ - start).count();
    return result;
  }

  // Prints the statistics where they are asked for.
  void finish() const;

 private:
  using Clock = std::chrono::steady_clock;

  ModelOptions options_;
  Model model_;
  double seconds_ = 0;
  Clock::time_point first_start_, last_end_;
};

}  // namespace modernbert::cli
